"""Lists what is known about data inside installed packages. Paths are relative to a package folder."""

from __future__ import annotations

import re

# Packages and folders that are data sets, or generate one. Importing one of them fails with the reason.
LABELS = (
    "sklearn/datasets/data",
    "sklearn/datasets/tests",
    "mnist1d",
    "mnist1d_*",
    "mnist",
    "emnist",
    "medmnist",
    "torchvision/datasets/data",
    "scipy/datasets/data",
    "sktime/datasets/data",
    "aeon/datasets/data",
    "mlxtend/data/data",
    "vega_datasets",
    "plotly/package_data/datasets",
    "bokeh/sampledata/_data",
    "pydataset",
    "palmerpenguins",
    "yellowbrick/datasets/fixtures",
    "tensorflow_datasets",
    "skimage/data",
    "nilearn/datasets/data",
    "plotnine/data",
    "ISLP/data",
)
# Their parents import these: they stay importable, without content.
EMPTIED = ("statsmodels/datasets", "scanpy/datasets", "lifelines/datasets", "river/datasets")
# Data sets beside an interpreter's packages, relative to a library folder such as /usr/lib.
OUTSIDE_PACKAGES = ("R/*/*/data", "nltk_data", "scikit_learn_data", "seaborn-data")
# Files that look like data but are read by the packages themselves: they stay.
READ_AT_WORK = (
    "babel",
    "dateutil/zoneinfo",
    "fiona/gdal_data",
    "librosa/core",
    "networkx/generators",
    "pyogrio/gdal_data",
    "pyproj/proj_dir",
    "rasterio/gdal_data",
    "scipy/stats/_sobol_direction_numbers.npz",
    "whisper/assets",
)
# Folders of tests that are imported with their package: only their data is masked.
IMPORTED_TESTS = ("astropy/tests",)
TESTS = ("tests", "test")

_TABLES = "csv|tsv|arff|svm|svmlight|libsvm|xlsx?|ods|sas7bdat|dta|sav|xpt|rda|rdata|rds|data|dat"
_ARRAYS = "npy|npz|mat|h5|hdf5?|h5ad|loom|parquet|feather|arrow|avro|orc|tfrecord|pkl|pickle|joblib"
_PACKED = r"gz|bz2|xz|zst|lzma|z"
DATA = re.compile(
    rf"(\.({_TABLES}|{_ARRAYS})|[-.]ubyte)(\.({_PACKED}))?$|\.(zip|tgz|tar(\.({_PACKED}))?)$", re.IGNORECASE
)
# In a folder of tests, these may hold a data set if they have at least SMALLEST_TEXT bytes.
TEXT = re.compile(rf"\.(txt|json|jsonl|xml)(\.({_PACKED}))?$", re.IGNORECASE)
SMALLEST_TEXT = 1000
