"""The catalogue of error codes, and the topics that ``causal-eval explain`` knows.

E1xx the file, E2xx the study, E3xx the data, E4xx estimation, E6xx results and folders, E7xx privacy, E9xx a bug.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """An error code, or a topic: what it means and what to do.

    Attributes:
        code: ``"E310"``, or a topic's name such as ``"parallel-trends"``.
        title: what happened, in a few words.
        explanation: what it means and why it is refused, in full sentences.
        remedy: what to do next.
    """

    code: str
    title: str
    explanation: str
    remedy: str


_CODES = (
    # --- E1xx: the file ---------------------------------------------------------------------------------------
    Code("E100", "study file not found",
         "The study file named on the command line does not exist, is a folder, or may not be read.",
         "Check the path. `causal-eval init` writes a first study with simulated data that runs as it is."),
    Code("E101", "not valid TOML",
         "The file breaks TOML's grammar at the place shown, so nothing after it can be trusted and no other error is "
         "looked for. The usual causes: text without quotes, a quote or bracket left open, True for true, the same key "
         "or [table] twice, an inline table that goes over several lines.",
         "Correct the place shown. An editor with a TOML plug-in and `#:schema ./study.schema.json` in the first line "
         "shows such errors while you type."),
    Code("E102", "extends: file missing or circular",
         "A file of `extends` cannot be read, or the files lead back to one another. Names are relative to the file "
         "that says `extends`, not to the working folder.",
         "Correct the name, or take one file out of the circle."),
    Code("E103", "not UTF-8",
         "TOML files are UTF-8. The byte at the place shown is not; the file was probably saved as UTF-16 or Latin-1.",
         "Save the file as UTF-8."),
    Code("E104", "lock of the plan cannot be read",
         "The file beside the study with the ending .lock is not what `causal-eval lock` wrote: it was edited, cut off, "
         "or belongs to another program. It is not passed over, because the report would then say that the plan was "
         "never locked.",
         "Take it back from version control."),
    # --- E2xx: the study --------------------------------------------------------------------------------------
    Code("E201", "required key missing",
         "A key or table without a default is absent. The place shown is the table it belongs to, or the first line "
         "when the table itself is missing.",
         "Add it. `causal-eval schema` prints every key with its description."),
    Code("E202", "wrong type",
         "The value has another type than its key takes, such as text where a number stands. Nothing is converted: "
         "\"4000\" is text, 4000 a number, 2026-07-06 a date and \"2026-07-06\" text.",
         "Write the value in the type that the message names."),
    Code("E203", "value not allowed",
         "The value has the right type but is not one of the allowed words, lies outside the allowed range, or a list "
         "has the wrong number of entries.",
         "Take one of the values that the message lists."),
    Code("E204", "unknown key",
         "No key of this name exists in this table. Unknown keys are errors because a misspelt option that is ignored "
         "silently gives another study than the one written. An estimator's options are checked too.",
         "Take the name suggested, or one of those allowed. `causal-eval estimators NAME` lists an estimator's "
         "options."),
    Code("E205", "schema_version not supported",
         "`schema_version` says which version of the study format the file is written in. This program reads "
         "version 1.",
         "Write schema_version = 1, or install the version of causal-eval that the file was written for."),
    Code("E206", "keys that contradict each other",
         "Each key is right, but together they cannot be: two sources, two ways of saying who was treated, a ratio "
         "without its denominator, two metrics of one name.",
         "Keep one of the keys, or add the one that is missing; the message says which."),
    Code("E207", "unknown plug-in",
         "No estimator, check or metric of this name is installed.",
         "Take a name from `causal-eval estimators`, or install the package that brings it."),
    Code("E208", "plug-in claimed twice",
         "Two installed packages register a plug-in under the same name; which one would run is not defined.",
         "Uninstall one of the two packages."),
    Code("E209", "plug-in cannot be loaded",
         "The plug-in is registered, but importing it failed: its package, or one it needs, is broken or missing.",
         "Reinstall the package; `causal-eval doctor` shows what is installed."),
    Code("E210", "option has a wrong value",
         "An estimator knows the option but not this value.",
         "Take one of the allowed values; `causal-eval estimators NAME` lists them with their defaults."),
    Code("E211", "metric kind not available",
         "The kind of metric is part of the format but cannot be analysed by this version.",
         "Use another kind: mean, proportion, ratio, count, duration or prevalence."),
    Code("E212", "estimator does not fit the declared design",
         "What the estimator can do and what the study declares do not go together: it needs a panel and the study is "
         "a cross-section, it cannot take staggered adoption, or it does not estimate the declared estimand.",
         "Take an estimator whose needs are met: `causal-eval estimators` shows what each of them needs."),
    Code("E213", "unknown check",
         "[diagnostics] names a check that does not exist.",
         "Take one of the names that the message lists."),
    Code("E214", "causal graph cannot be read",
         "The file named in design.graph is missing, is neither DOT nor GML, has an edge without a direction, or leads back to "
         "itself. A causal graph is directed and has no cycles: a cause comes before its effect.",
         "Correct the line shown. `digraph { age -> treated; age -> earnings; treated -> earnings; motivation [observed=no]; }` is a "
         "whole graph; names with spaces stand in quotes."),
    Code("E215", "causal graph and study do not go together",
         "Nodes are found by the names of the data's columns. The treatment, the primary metric or a covariate is no node of the "
         "graph, or is one that the graph calls unobserved.",
         "Name the node as the column is named, or add it. Where no column says who was treated, the node is called `treatment`."),
    Code("E216", "covariate that may not be adjusted for",
         "By the graph, the covariate is a consequence of the treatment or of the outcome, lies on the path from one to the other (a "
         "mediator), or is a common effect whose causes adjusting would tie together (a collider). Adjusting for it biases the "
         "effect, however well it predicts.",
         "Take it out of roles.covariates; to control for what it stands for, use its value before the treatment. If the graph is "
         "wrong, correct the graph."),
    # --- E3xx: the data ---------------------------------------------------------------------------------------
    Code("E300", "source file missing",
         "No file matches `data.source`. Paths are relative to the study file.",
         "Correct the path, or produce the file."),
    Code("E301", "source cannot be read",
         "The file exists but is not what its ending says, or is damaged.",
         "Open it with the program that wrote it; write it again as Parquet or as CSV in UTF-8."),
    Code("E302", "no rows",
         "The source has no rows, or none are left once rows without a unit, time or outcome and rows outside the "
         "windows are left out.",
         "Check the query, the windows in [design], and the columns in [roles]."),
    Code("E303", "connection failed",
         "The database does not answer, refuses the credentials, or the environment variable named in "
         "`connection_env` is not set.",
         "Set the variable, and try the same address with the database's own client."),
    Code("E304", "query failed",
         "The database refused the query in `query_file`.",
         "Run the query in the database's own client; its parameters come from `data.params`."),
    Code("E305", "unknown causaldata set",
         "`causaldata:NAME`, or a study with `connection = \"causaldata\"`, names no data set that the package causaldata ships.",
         "Take one of the names that the message lists."),
    Code("E306", "file ending not supported",
         "Sources are csv, parquet and json, also compressed as .gz; a DuckDB file goes in `connection`.",
         "Convert the file, or read it through `connection`."),
    Code("E310", "column not in the data",
         "A column named in [roles] or [[metrics]] is not in the source. The message names the nearest one.",
         "Correct the name; upper and lower case differ."),
    Code("E311", "more than one row per unit and period",
         "In a panel each unit has one row a period. Duplicates would count some units twice.",
         "Aggregate first: set `roles.time_grain`, or aggregate in the query. Without `roles.unit` the rows are taken "
         "as a repeated cross-section."),
    Code("E312", "treatment is not 0 or 1",
         "The treatment or group column has other values than 0 and 1 (or true and false). Doses and several arms are "
         "not estimated: a number other than 0 and 1 would be read as something it is not.",
         "Derive a 0/1 column, one study for each contrast: a dose as above or below a threshold that was set beforehand, "
         "dated by the first crossing. For the effect per unit of a dose use the estimators of de Chaisemartin & "
         "D'Haultfoeuille (R: DIDmultiplegtDYN) or of Callaway, Goodman-Bacon & Sant'Anna (R: contdid)."),
    Code("E313", "treatment switches off",
         "A unit is treated and later untreated. The estimators assume that a treatment, once on, stays on.",
         "End the data before the switch-off, leave those units out, or date the adoption with `first_treated`. With "
         "`design.on_off = true` the method `did` gives the two-way coefficient with its negative weights, as a reference. "
         "For effects of treatments that switch on and off use the estimators of de Chaisemartin & D'Haultfoeuille "
         "(R: DIDmultiplegtDYN)."),
    Code("E314", "no control units",
         "Every unit is treated throughout, or nobody is left to compare with in the windows.",
         "Add units that were not treated, or end the data before the last units adopt."),
    Code("E315", "no pre-period",
         "No treated unit is observed before its treatment, so there is nothing to compare its later periods with.",
         "Start the data earlier, or check `launch`, `pre` and `anticipation`."),
    Code("E316", "outcome is not numeric",
         "The outcome, numerator or denominator holds text or dates.",
         "Convert it in the query; true and false count as 1 and 0."),
    Code("E317", "outcome is missing throughout",
         "Every value of the outcome is missing, so there is nothing to compare.",
         "Check the column and the join that filled it."),
    Code("E318", "infinite values",
         "The column holds infinite values, mostly from a division by zero upstream. Any mean over them is infinite.",
         "Correct the division; for a ratio give `numerator` and `denominator` instead of their quotient."),
    Code("E319", "time cannot be ordered",
         "The time column is neither a date, nor a whole number, nor text of a known form such as 2026-07-06, 2026-W07 "
         "or Q32011, so its periods have no order.",
         "Give its form as `roles.time_format`, such as \"%d.%m.%Y\", or convert it in the query."),
    Code("E320", "data contract broken",
         "The data does not keep what [data.expect] promises: a key repeats, too many values are missing, or there are "
         "too few rows. Nothing was estimated.",
         "Repair the data, or change the contract deliberately."),
    Code("E321", "launch or window outside the data",
         "The launch, or a window, lies before the first or after the last period of the data.",
         "Correct the date, or load the periods that are missing."),
    Code("E322", "no treated units",
         "Nobody is treated: the treatment column is 0 throughout, or `treated_units` names no unit of the data.",
         "Check the column, and how the units' names are written."),
    Code("E323", "a unit-level column varies within a unit",
         "`first_treated`, `group` or `cluster` belongs to a unit, but takes several values in one.",
         "Fix it at its value before the launch, or correct the join."),
    Code("E324", "no post-period",
         "No treated unit is observed after its treatment begins, or the washout covers all there is.",
         "Wait for more data, or shorten the washout."),
    Code("E325", "covariate not numeric or missing",
         "A covariate mixes numbers and text, is text with one value or with more than 20, holds dates, or is missing in every "
         "row. Text with 2 to 20 values is fine: 0/1 columns stand for it.",
         "Convert it, group its categories, or fill the values in the query and add a 0/1 column that says which were filled."),
    Code("E326", "weights negative or missing",
         "A weight is negative, missing, or zero throughout.",
         "Correct the weights column."),
    Code("E327", "logarithm of a value that is not positive",
         "`log = true`, but the outcome has values of 0 or below.",
         "Analyse the metric without the logarithm; adding a constant changes the answer with the constant."),
    Code("E328", "proportion outside 0 to 1",
         "A metric of kind proportion or prevalence has values below 0 or above 1; perhaps they are percentages.",
         "Divide by 100, or use kind = \"mean\"."),
    Code("E329", "denominator negative",
         "A ratio's denominator is below 0 in some rows. Rows where it is 0 are left out and counted.",
         "Correct the denominator."),
    Code("E330", "no history for placebo launches",
         "`causal-eval design` tries the study's estimator on launches that did not happen, before the real one. That needs the "
         "same units over time, and enough periods before the launch.",
         "Set roles.unit and roles.time, load earlier periods, or shorten --duration."),
    Code("E331", "covariates measured after the treatment",
         "By `roles.covariates_as_of` and `roles.treated_at`, covariates were measured after the treatment in the rows counted. What "
         "was measured later may be a consequence of the treatment, and adjusting for it biases the effect. A date that equals the "
         "day of the treatment passes.",
         "Join the last values before the treatment, or leave those covariates out."),
    # --- E4xx: estimation -------------------------------------------------------------------------------------
    Code("E401", "estimator refused the data",
         "The estimator says that its answer would not mean what it is asked for, and gives the reason. The rest of "
         "the study is not affected; the refusal stands in the report.",
         "Read the reason. Take another estimator, or change the design."),
    Code("E402", "effect not identified",
         "The treatment cannot be told apart from fixed effects or covariates (it is collinear with them), so that "
         "infinitely many effects fit equally well.",
         "Drop the covariate or fixed effect that repeats the treatment."),
    Code("E403", "too few clusters or units for inference",
         "With so few clusters or units no standard error, and no useful permutation test, exists.",
         "Add control units, cluster at a finer level if the treatment was assigned there, or report the estimate "
         "without an interval."),
    Code("E404", "adoption is staggered",
         "Units adopt in different periods, and this estimator assumes one common launch. Its answer would be a "
         "weighted mean of effects in which some weights may be negative.",
         "Use staggered_did, imputation_did or sun_abraham."),
    Code("E405", "unknown donor",
         "`donors.include` or `donors.exclude` names a unit that the data does not have, so the donor pool would not be "
         "the one that was meant.",
         "Write the unit as the data does; capitals and spaces count."),
    Code("E410", "estimation failed inside a library",
         "A library that the estimator uses stopped with an error, which is quoted. No number is reported for this "
         "analysis.",
         "Look at the message; constant columns, separation and very small groups are the usual causes."),
    # --- E6xx: results ----------------------------------------------------------------------------------------
    Code("E600", "no results.json",
         "The folder is not the folder of a finished run.",
         "Give the folder that `causal-eval run` printed; `runs/STUDY/latest.txt` names the latest."),
    Code("E601", "results.json is not JSON",
         "The file is damaged or was edited by hand.",
         "Run the study again."),
    Code("E602", "results.json has another version",
         "The results were written by a version of causal-eval whose format this one cannot read.",
         "Read them with the version that run.json names, or run the study again."),
    Code("E603", "not a study's results",
         "The file is JSON but lacks the fields of a study's results.",
         "Give the folder of a run."),
    Code("E604", "output folder is in use",
         "The folder given as `--out` exists and is neither empty nor the folder of a run; nothing in it is replaced.",
         "Give another folder, or empty it."),
    Code("E605", "unknown figure or format",
         "The figure is not one that this result has, or the format is not one that can be written.",
         "Take one of the names that the message lists."),
    Code("E606", "format not installed",
         "The format of the write-up needs a library that a plain installation does not bring: typst for pdf, "
         "python-docx for docx, python-pptx for pptx. It is looked for before anything is computed.",
         "Install the extra that the message names, or leave the format out."),
    Code("E607", "template cannot be used",
         "The .docx or .pptx named as `template_docx`, `template_pptx` or `--template` is missing, is not such a file, "
         "or has no layout with a title. A saved run does not hold the template: `causal-eval report` must be given "
         "it again.",
         "Correct the path, which starts at the study's folder in study.toml and at the current one on the command "
         "line."),
    Code("E610", "unknown analysis",
         "`--only` names no analysis of the study. An analysis is called by the `name` of its [[estimators]], or by "
         "its `method`.",
         "Take one of the names that the message lists."),
    Code("E611", "unknown unit",
         "`--treat` names a unit that the history does not have.",
         "Write units as the data does, with capitals and leading zeros."),
    Code("E612", "a value that --duration or --effect cannot take",
         "--duration takes whole numbers of periods, --effect sizes such as 2.5 in the metric's units, or shares such as 5%, by "
         "comma. A share needs a level that is clearly above zero.",
         "Correct the option."),
    Code("E613", "locked plan has changed",
         "The study was locked before and is not the same now. A locked plan is never replaced in silence: an amendment is "
         "kept beside it with its reason, and the report shows both.",
         "Give the reason with --note, or put the study back as it was."),
    Code("E614", "nothing to compare with",
         "`causal-eval compare` sets two or more runs side by side; one was given.",
         "Give the folders of two or more runs, of one study or of several."),
    # --- E7xx, E9xx -------------------------------------------------------------------------------------------
    Code("E701", "too few people",
         "The result would describe fewer people than `privacy.min_cell`, from which single persons could be "
         "recognised.",
         "Use coarser segments or longer periods. Change `min_cell` only with the consent of those who answer for it."),
    Code("E900", "internal error",
         "A bug in causal-eval. Nothing that was written before is damaged: a run's folder appears whole or not "
         "at all.",
         "Report it with the message and the output of `causal-eval doctor`; look through both for confidential names "
         "first."),
)  # fmt: skip

_TOPICS = (
    Code("aggregation", "how effects of cohorts and periods become one number",
         "Under staggered adoption there is an effect for each cohort and period. `simple` weighs each treated "
         "observation alike, `cohort` averages within each cohort first, `event` averages over time since adoption, "
         "`calendar` over calendar periods. They differ when effects grow, fade, or differ between cohorts.",
         "Choose `aggregate` before you see the result; all four are reported."),
    Code("anticipation", "units react before the launch",
         "Training, announcements or a soft launch can move the outcome before the treatment starts. Periods that may "
         "already react are no clean pre-periods.",
         "Set `design.anticipation` to the number of periods; the baseline moves back by as many."),
    Code("att", "the effect on the treated, and the effect on all",
         "`att` is the mean effect on the units that were treated, where and when they were. `ate` is the mean effect "
         "had everybody been treated against nobody. A launch review mostly asks for the att: what did it do where it "
         "is on. The ate is the question of rolling out, and needs units of every kind on both sides.",
         "Declare `design.estimand`. An analysis that changes it, by trimming or a caliper, says so by its name."),
    Code("causal-graph", "what causes what, as the study's authors believe",
         "`design.graph` names a DOT or GML file whose nodes are the data's columns; what nothing measures is marked `[observed=no]`. "
         "From it follow the covariates that must be adjusted for, those that must not be (mediators, colliders, consequences of the "
         "treatment: the study is refused), and independences that the data can contradict. A graph is an assumption; without one, "
         "each covariate is taken to cause both the treatment and the outcome, and nothing unmeasured to do so.",
         "Draw it before you see results: `digraph { age -> treated; age -> earnings; treated -> earnings; ability [observed=no]; }`. "
         "Read the checks graph_adjustment and graph_independences."),
    Code("clusters", "which observations share their chance",
         "Standard errors treat clusters as independent. In a panel the cluster is the unit, unless a coarser one was "
         "assigned to treatment together: a site, a market. With fewer than about ten clusters, or few treated ones, "
         "the usual errors are too small and randomisation or wild-bootstrap inference is used instead.",
         "Set `roles.cluster` to the level at which treatment was decided."),
    Code("decision", "how the recommendation is made",
         "Ship when the primary metric is shown better (and reaches `min_effect`, where there is one) and every "
         "guardrail is shown not worse than its `margin`. A guardrail whose interval crosses its margin is not "
         "cleared, "
         "which is not the same as harmed. A failed gate holds the recommendation back.",
         "Set `min_effect`, `margin` and [decision] before you see results."),
    Code("duration", "times that are not over yet",
         "A mean over closed cases favours whatever was measured last: slow cases are still open. A duration is "
         "therefore cut at `horizon`, and only rows whose whole horizon lies before `data.as_of` count; the others are "
         "left out and counted.",
         "Give `start`, `end`, `horizon` (days) and `data.as_of`."),
    Code("exit-codes", "what the exit code of a command says",
         "0 done, also with a negative result; 1 internal error; 2 usage; 3 the study is invalid; 4 the data is "
         "missing "
         "or breaks its contract; 5 a diagnostic gate failed, the report is written; 6 the decision asked for with "
         "--fail-on was not met; 7 refused for privacy; 130 interrupted.",
         "In a pipeline, let 5 and 6 stop the launch and 3 and 4 call the author."),
    Code("extends", "sharing settings between studies",
         "`extends = [\"support-defaults.toml\"]` merges files below the study: tables key by key, later files over "
         "earlier ones, the study over all. [[metrics]], [[estimators]] and [[events]] merge by name, the study's own "
         "first; other lists are replaced whole. Relative paths start at the file that says them.",
         "`causal-eval check STUDY --resolved` prints every value and the file and line it comes from."),
    Code("guardrail", "a metric that must not get worse",
         "A guardrail is tested for non-inferiority: it is cleared when its interval excludes harm beyond `margin`. "
         "\"Not significantly worse\" is not enough; a noisy metric would always pass.",
         "Give `role = \"guardrail\"`, `better` and `margin = { relative = 0.02 }`."),
    Code("interference", "one unit's treatment reaches another",
         "Agents work several queues, users talk. When treatment reaches the controls, they no longer show what would "
         "have happened without it, and the effect is misstated, mostly understated.",
         "Treat and cluster at the level within which units touch; leave out controls that share a site or staff."),
    Code("lock", "the plan, kept before the results",
         "`causal-eval lock` keeps every setting that an estimate, a check or the decision depends on in a file beside the study, "
         "with the time and a fingerprint of the data if they are there. Each later run compares itself with it, and the report "
         "shows what differs. A lock made when the data were there already keeps the plan but does not show that nobody had looked.",
         "Lock before the data come, and keep the file under version control. Lock again with --note to amend: both plans stay."),
    Code("negative-control", "a metric that cannot have changed",
         "The launch cannot plausibly move a negative control. An effect on it shows that something else "
         "happened to the "
         "treated units, and casts doubt on the other metrics.",
         "Add one with `role = \"negative_control\"`, exposed to the same seasons and incidents."),
    Code("not-run", "a check that could not run",
         "A check that lacks data, or does not apply, is reported as not run with its reason. It is never a pass: "
         "nothing was learnt.",
         "Read the reason; more pre-periods or more units often help."),
    Code("overlap", "comparable units on both sides",
         "Matching and weighting compare the treated with untreated units of the same covariates. Where there "
         "are none, "
         "the answer is extrapolated by a model. Trimming leaves such units out, and changes who the effect is about.",
         "Look at balance.csv and the share of units left out."),
    Code("parallel-trends", "what difference-in-differences assumes",
         "Without the launch, treated and control units would have moved in parallel. It cannot be tested, since the "
         "untreated path after the launch is not seen; parallel paths before it make it more credible, and only if the "
         "test had the power to see a difference that matters.",
         "Read the pre-trend check with its power, the placebo in time, and argue why these units were chosen."),
    Code("placebo", "pretending the launch was elsewhere",
         "The estimate is repeated where there was no launch: earlier in time, or on untreated units. A good "
         "design finds "
         "little there. With n control units the smallest p-value of a placebo test over units is 1 / (n + 1).",
         "Compare the effect with the spread of its placebos, not only with zero."),
    Code("privacy", "what never leaves the run",
         "Counts of people below `privacy.min_cell` are suppressed, with whatever they could be computed from. With "
         "`unit_is_person = true` no output names a unit. No row of the data is written to outputs, messages or logs.",
         "Read disclosure.json before you pass a report on: it lists what was withheld and why."),
    Code("refused", "an analysis that was not computed",
         "An estimator that does not fit the design or the data says so instead of giving a number. The refusal "
         "stands in "
         "the report with its reason; the other analyses are not affected.",
         "`causal-eval explain E401` and the reason in results.json."),
    Code("relative-effect", "percent and percentage points",
         "The relative effect is the effect divided by what the metric would have been without the launch, in "
         "percent of "
         "it. The effect of a proportion is in percentage points. The two are never mixed, and a relative effect is "
         "refused when the denominator is near zero.",
         "Say `relative` or `absolute` in `min_effect` and `margin`."),
    Code("power", "what a study will be able to see",
         "`causal-eval design STUDY` makes up launches in the history, where the true effect is zero, estimates each "
         "with the study's own estimator and test, and adds effects to them. The minimum detectable effect is the smallest one "
         "found in 80% of these launches; the size is how often the test finds an effect that is not there, and should be near 5%. "
         "Placebo launches on neighbouring dates share most of their data, so few independent ones stand behind these "
         "shares.",
         "Run it before the launch, on history alone: roles.treated_units with a design.launch after the data, --treat, or "
         "neither to rank every candidate. Choose a longer --duration or other units where the effect is too large."),
    Code("staggered-adoption", "units that adopt at different times",
         "With two-way fixed effects, units that adopted earlier serve as controls for later ones, and effects "
         "that grow "
         "over time enter with a negative sign. That regression is reported for reference only.",
         "Use staggered_did, imputation_did or sun_abraham."),
    Code("study.toml", "the file a study is written in",
         "[study] asks the question, [data] says where the rows are, [roles] which column plays which part, "
         "[design] what "
         "is estimated and when, [[metrics]] and [[estimators]] one table each. Everything else has a printed default.",
         "`causal-eval init` writes one, `causal-eval schema` describes every key, `causal-eval check` checks it."),
    Code("washout", "periods left out after the launch",
         "Right after a launch people learn, and effects are not yet what they will be. Periods of washout are "
         "estimated "
         "and shown but do not enter the headline.",
         "Set `design.washout` to a number of periods, before you see the result."),
)  # fmt: skip

CODES: dict[str, Code] = {c.code: c for c in _CODES}
"""Every error code and its entry."""

TOPICS: dict[str, Code] = {t.code: t for t in _TOPICS}
"""Every topic and its entry."""

_ALSO = {
    "ate": "att",
    "estimand": "att",
    "backdoor": "causal-graph",
    "censoring": "duration",
    "cluster": "clusters",
    "graph": "causal-graph",
    "margin": "guardrail",
    "mediator": "causal-graph",
    "collider": "causal-graph",
    "dag": "causal-graph",
    "design": "power",
    "mde": "power",
    "min-cell": "privacy",
    "min-effect": "decision",
    "non-inferiority": "guardrail",
    "pre-trends": "parallel-trends",
    "spec": "study.toml",
    "spillover": "interference",
    "staggered": "staggered-adoption",
    "twfe": "staggered-adoption",
}


def lookup(name: str) -> Code | None:
    """The entry of a code or topic, however it is capitalised or hyphenated; None when there is none."""
    wanted = "-".join(name.strip().lower().replace("_", " ").replace("-", " ").split())
    return CODES.get(wanted.upper()) or TOPICS.get(_ALSO.get(wanted, wanted))


def names() -> tuple[str, ...]:
    """Every name that :func:`lookup` knows, codes first."""
    return (*CODES, *sorted({*TOPICS, *_ALSO}))
