"""A whole class: its submissions, the book of their grades, and what is made of it.

folder -> work (local processes, or Slurm) -> book (SQLite) -> gradebook, page
"""
