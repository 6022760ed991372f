"""Who is treated since when, which periods count, and what has to hold for that to be an answer."""
