"""Takes what carries labels out of an image's packages. The canary refuses an image in which any is left."""

import shutil
import sysconfig
from pathlib import Path

FOLDERS = ("sklearn/datasets/data", "sklearn/datasets/tests", "scipy/datasets", "torchvision/datasets")

for folder in FOLDERS:
    found = Path(sysconfig.get_path("purelib")) / folder
    if found.is_dir():
        shutil.rmtree(found)
