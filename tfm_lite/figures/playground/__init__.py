"""The playground: a small network learns two-dimensional tasks in the page, one after the other, by any of eight methods.

The engine is plain JavaScript of our own, in float64, and equal to the package's methods step by step; a test holds it to
1e-12. It draws its random numbers as the package does, so that a run of the page can be repeated here: :func:`tasks` makes
the same points, and the page writes down the code.
"""

from tfm_lite.figures.playground.data import tasks
from tfm_lite.figures.playground.page import playground, save, source

__all__ = ["playground", "save", "source", "tasks"]
