import importlib
import subprocess
import sys
import warnings
from pathlib import Path

EDITION = "?"  # the version of tfm_lite that this belongs to


def install():
    """From the book's folder around this, or a wheel beside it."""
    here, package = Path.cwd(), "tfm_lite/train.py"
    folders = here, *here.parents
    found = [at for at in folders if (at / package).exists()]
    found += here.glob("tfm_lite-*.whl")
    why = f"{here} is not in the book's folder, and has no wheel."
    if found:
        pip = [sys.executable, "-m", "pip", "install", found[0]]
        run = subprocess.run(pip, capture_output=True, text=True)
        if run.returncode == 0:
            return importlib.invalidate_caches()
        why = f"pip could not install {found[0]}:\n{run.stderr}"
    raise ModuleNotFoundError(
        f"tfm_lite {EDITION} is not installed. {why}\n"
        "Put this notebook into that folder, or tfm_lite-*.whl "
        "beside it (on Colab: Files, at the left), and run this "
        "cell again.\nOr install either from where it is: "
        "%pip install PATH"
    ) from None


try:
    import tfm_lite.train
except ModuleNotFoundError:
    install()
    import tfm_lite.train
if tfm_lite.__version__ != EDITION:
    warnings.warn(
        f"This belongs to tfm_lite {EDITION}, but you have "
        f"{tfm_lite.__version__}: numbers and names may differ. "
        "Take the notebooks of that version, or %pip install PATH, "
        f"the path of {EDITION}, and restart the kernel.",
        stacklevel=1,
    )
