"""Where `memdojo data fetch` finds the sets of labelled texts that `intents` reads."""

from __future__ import annotations

from .published import PublishedData, PublishedFile

_RAW = "https://raw.githubusercontent.com"
_BANKING77 = f"{_RAW}/PolyAI-LDN/task-specific-datasets/57ec275d8078af65b7731c2a98be812d844a6d6b"
_CLINC150 = f"{_RAW}/clinc/oos-eval/828f8093932c8fe6ca7936c3d2e52903b1c523de"
_NLU = f"{_RAW}/xliuhw/NLU-Evaluation-Data/f6071b496b17d71e6eb43f543af0707f4ff30557"
_TREC = "https://cogcomp.seas.upenn.edu/Data/QA/QC"


def _banking77(split: str, num_bytes: int, sha256: str) -> tuple[PublishedFile, ...]:
    url = f"{_BANKING77}/banking_data/{split}.csv"
    return (PublishedFile(f"banking77/{split}.csv", url, num_bytes, f"sha256:{sha256}"),)


BANKING77 = PublishedData(
    "banking77",
    "Banking77 (Casanueva et al., arXiv:2003.04807)",
    "CC BY 4.0",
    "https://github.com/PolyAI-LDN/task-specific-datasets",
    {
        "train": _banking77(
            "train", 839_073, "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b"
        ),
        "test": _banking77(
            "test", 239_961, "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d"
        ),
    },
)

CLINC150 = PublishedData(
    "clinc150",
    "CLINC150 (Larson et al., arXiv:1909.02027)",
    "CC BY 3.0",
    "https://github.com/clinc/oos-eval",
    {
        "data_full": (
            PublishedFile(
                "clinc150/data_full.json",
                f"{_CLINC150}/data/data_full.json",
                2_495_390,
                "sha256:36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0",
            ),
        )
    },
)

NLU = PublishedData(
    "nlu",
    "NLU evaluation data of the home domain (Liu et al., arXiv:1903.05566)",
    "CC BY 4.0",
    "https://github.com/xliuhw/NLU-Evaluation-Data",
    {
        "annotated": (
            PublishedFile(
                "nlu/NLU-Data-Home-Domain-Annotated-All.csv",
                f"{_NLU}/AnnotatedData/NLU-Data-Home-Domain-Annotated-All.csv",
            ),
        )
    },
)

TREC = PublishedData(
    "trec",
    "TREC questions by what they ask for (Li and Roth, COLING 2002)",
    "not stated",
    _TREC,
    {
        "train": (PublishedFile("trec/train_5500.label", f"{_TREC}/train_5500.label"),),
        "test": (PublishedFile("trec/TREC_10.label", f"{_TREC}/TREC_10.label"),),
    },
)
