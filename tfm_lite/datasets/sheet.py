"""A contact sheet: what the images of a sequence of tasks look like."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfm_lite.datasets.tasks import Task, TaskSequence

GAP, LINE = 6, 18  # pixels
FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"  # it has the letters of all the alphabets


def contact_sheet(tasks: TaskSequence, *, columns: int = 10, least: int = 96) -> Image.Image:
    """A row per task: its name and number of classes, and a training image of each of its first ``columns`` classes, under
    it the class's name. Images are shown at ``least`` pixels or more."""
    side = tasks.size * max(1, -(-least // tasks.size))
    shown = min(columns, max(len(task.classes) for task in tasks))
    height = 2 * LINE + side + GAP
    sheet = Image.new("RGB", (GAP + shown * (side + GAP), GAP + len(tasks) * height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(str(FONT), LINE - 7)
    for row, task in enumerate(tasks):
        top = GAP + row * height
        pen.text((GAP, top), f"{task.name}: {len(task.classes)} classes", "black", font)
        for column, label in enumerate(range(min(shown, len(task.classes)))):
            left = GAP + column * (side + GAP)
            sheet.paste(_picture(task, label).resize((side, side), Image.Resampling.NEAREST), (left, top + LINE))
            name = _cut(task.classes[label], side, pen, font)
            pen.text((left, top + LINE + side + 1), name, "dimgray", font)
    return sheet


def _picture(task: Task, label: int) -> Image.Image:
    """The first training image of a class."""
    row = task.train.rows[np.flatnonzero(task.train.labels == label)[0]]
    pixels = np.asarray(task.train.images[row]).transpose(1, 2, 0)
    return Image.fromarray(pixels.repeat(3, 2) if pixels.shape[2] == 1 else pixels)


def _cut(text: str, width: int, pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont) -> str:
    """As much of a text as fits, and an ellipsis if that is not all."""
    if pen.textlength(text, font) <= width:
        return text
    while text and pen.textlength(text + "…", font) > width:
        text = text[:-1]
    return text.rstrip() + "…"
