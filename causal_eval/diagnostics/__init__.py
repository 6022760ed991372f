"""Checks of the assumptions an estimate rests on. They refit the estimate; they never re-implement it."""
