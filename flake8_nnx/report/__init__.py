"""Readiness of a code base: what is done, what is automatic, what blocks, and in which order to go.

Everything is read from source text, plans and stored verdicts; nothing of the user's is imported or executed.
"""
