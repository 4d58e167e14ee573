"""Seven questions and their answers, from records: of all methods, of some, and of none."""

from __future__ import annotations

import pytest
from made_up_records import records_of

from tfm_lite.figures import compared
from tfm_lite.figures.compared import Group, Paired
from tfm_lite.figures.questions import answered, scales, verdict
from tfm_lite.runs.config import Config
from tfm_lite.runs.suites import SUITES

SEEDS = (0, 1, 2)


def flowers() -> dict[str, Group]:
    every = [c for c in SUITES["evidence"](seeds=SEEDS) if (c.tasks, c.size, c.precision) == ("flowers", 64, "fp32")]
    return compared.grouped({"flowers": every}, list(records_of(every, tasks=4)))[0]


def groups(*suites: str, only: set[str] | None = None, tasks: int = 6) -> dict[str, Group]:
    configs: dict[str, list[Config]] = {name: list(SUITES[name](seeds=SEEDS)) for name in suites}
    every = {
        c.identity: c for each in configs.values() for c in each if only is None or c.method in only
    }  # suites share runs
    return compared.grouped(configs, list(records_of([*every.values()], tasks=tasks)))[0]


def test_every_question_has_an_answer_from_the_records() -> None:
    rows = answered(groups("alphabets", "methods", "beyond"), flowers(), images=1000)
    answers = {question: answer for question, answer, _ in rows}
    assert len(rows) == 7 and "not run" not in " ".join(answers.values()).lower()
    assert answers["Does it forget?"].startswith("No: every old answer is right or wrong as it was, in 3 runs.")
    assert "separate full network per task (" in answers["Does sharing pay on photographs?"]
    assert rows[0][2] == "letters, 3 seeds"
    where = scales(letters=groups("alphabets"), photographs={})
    assert where == "Letters: 28 pixels, lenet at 3 times its width, short protocol."


def test_what_has_no_record_is_said() -> None:
    rows = answered({}, {}, images=0)
    assert len(rows) == 7 and all("not run yet" in answer.lower() for _, answer, _ in rows)
    some = answered(groups("alphabets", "methods", only={"tfm", "packnet"}), {}, images=0)
    answer = dict(row[:2] for row in some)["Is it above PackNet, as in the paper?"]
    assert "PackNet (" in answer and "Not run yet: Piggyback, WSN, LwF and LfL." in answer


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((-4.8, -3.8, -4.5), "below"),
        ((-1.8, -3.6, -5.2), "below under every seed"),
        ((0.1, -0.2, 0.3), "no difference that is clear"),
        ((2.0,), "above, with one seed"),
    ],
)
def test_a_difference_in_words(values: tuple[float, ...], word: str) -> None:
    assert verdict(Paired(tuple(range(len(values))), values)) == word
