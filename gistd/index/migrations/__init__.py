"""Steps from one schema to the next, run in order and once each. A step that has landed is never edited.

The tables in a step are frozen copies, so that it does the same whatever models.py has become since.
"""
