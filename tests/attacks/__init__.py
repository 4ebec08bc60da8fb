"""gistd attacked by machines: made-up requests and bytes, a model held against core, and a search for what is hidden.

Each attack is a script that goes on for as long as one likes, and a small run of it among the tests. See
docs/operations.md for the commands.
"""
