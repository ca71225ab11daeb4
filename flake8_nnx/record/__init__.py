"""Recorded cases: runs a program unchanged and keeps how it makes and calls its Linen modules, for `verify`.

`startup/` is put before the program and loads `hook`; `store` keeps what it sees and gives it back as cases.
"""
