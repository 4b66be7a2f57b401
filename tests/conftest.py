import os

# As workers do it: a handful of threads would fight over few cores. Read when the libraries are first loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")


def pytest_report_header() -> str:
    folder = os.environ.get("MEMDOJO_DATA")
    if folder is None:
        return "MEMDOJO_DATA is not set: tests of real data skip unless the data is in the user's cache"
    missing = "" if os.path.isdir(folder) else ", which is no folder: tests of real data skip"
    return f"MEMDOJO_DATA is {folder}{missing}"
