-- The 185 who were trained, of the experiment; beside them, instead of its controls, the survey.
SELECT * EXCLUDE (data_id) FROM nsw_mixtape WHERE treat = 1
UNION ALL
SELECT * EXCLUDE (data_id) FROM cps_mixtape
