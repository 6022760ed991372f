"""Numbers from arrays: each function knows arrays and the paper's letters, no spec, no frame."""
