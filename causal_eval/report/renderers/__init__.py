"""The formats of the write-up, found by name: one file each, which ends in ``plugin = render``.

A renderer takes the one :class:`~causal_eval.report.renderers._writeup.WriteUp` and gives the bytes of a file. It
decides nothing and computes no number: what it is not given as a block, it cannot say.
"""
