"""Grading the notebooks of a class: ``python -m tfm_lite grade FOLDER --csv FILE``, for whatever platform they come from.

Of a notebook only the statements that an answer needs are run, in a process of their own. That stops mistakes and the usual
tricks. It is no prison: who must fear a student's program grades in a container.
"""
