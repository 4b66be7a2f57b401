"""The published data that `memdojo data fetch` brings: files, licences, checksums.

Checksums are those of the releases, where published; a file without one is checked against
what was fetched first. Nothing of the data is part of memdojo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from memdojo.errors import ConfigError, unknown_name
from memdojo.registry import Registry


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file to be fetched.

    Attributes:
        path: Where it lies within a data folder, which is where its loader looks for it.
        num_bytes: Its size; None if unknown.
        checksum: `sha256:HEX` or `sha1:HEX`; empty if none is published.
    """

    path: str
    url: str
    num_bytes: int | None = None
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class PublishedData:
    """A data set.

    Attributes:
        title: Its name and its paper.
        homepage: Where people read about it.
        parts: Its files by the name of what may be fetched alone.
        on_request: Parts so large that they are fetched only by name.
    """

    name: str
    title: str
    licence: str
    homepage: str
    parts: Mapping[str, tuple[PublishedFile, ...]]
    on_request: frozenset[str] = frozenset()


PUBLISHED: Registry[PublishedData] = Registry("data set to fetch")
"""Data sets by name."""


def published() -> tuple[PublishedData, ...]:
    """Return all data sets, sorted by name."""
    return tuple(PUBLISHED.get(name) for name in sorted(PUBLISHED))


def find_published(target: str) -> tuple[PublishedData, tuple[PublishedFile, ...]]:
    """Return the data set and the files that a target names.

    Args:
        target: `NAME`, all parts but those on request, or `NAME:PART`.

    Raises:
        UnknownNameError: If there is no such data set or part, with the near matches.
        ConfigError: If nothing follows the colon.
    """
    name, colon, part = target.partition(":")
    data = PUBLISHED.get(name)
    if colon and not part:
        raise ConfigError(f"{target!r} ends with its colon; name a part: {', '.join(data.parts)}.")
    if part and part not in data.parts:
        raise unknown_name(f"part of {name}", part, data.parts)
    parts = [part] if part else [each for each in data.parts if each not in data.on_request]
    return data, tuple(file for each in parts for file in data.parts[each])


_HUB = "https://huggingface.co/datasets"
_LONGMEMEVAL = f"{_HUB}/xiaowu0162/longmemeval-cleaned/resolve/98d7416c24c778c2fee6e6f3006e7a073259d48f"
_MEMORYAGENTBENCH = f"{_HUB}/ai-hyz/MemoryAgentBench/resolve/7ea066982b140a19337e17e60d45d4076e042faf"
_REALMEM = (
    "https://raw.githubusercontent.com/AvatarMemory/RealMemBench/67afd0891d603adcc4458ff0449df306ef296b7a"
)
_LOCOMO_PLUS = (
    "https://raw.githubusercontent.com/xjtuleeyf/Locomo-Plus/059f4e3d38f7f1f96765e8e2cb7de3097551bffb"
)
_HOTPOTQA = "http://curtis.ml.cmu.edu/datasets/hotpot"


def _longmemeval(name: str, num_bytes: int, sha256: str) -> tuple[PublishedFile, ...]:
    return (PublishedFile(f"longmemeval/{name}", f"{_LONGMEMEVAL}/{name}", num_bytes, f"sha256:{sha256}"),)


def _memoryagentbench(name: str, num_bytes: int, sha256: str) -> PublishedFile:
    url = f"{_MEMORYAGENTBENCH}/data/{name}-00000-of-00001.parquet"
    return PublishedFile(f"memoryagentbench/{name}.parquet", url, num_bytes, f"sha256:{sha256}")


def _realmem(persona: str, num_bytes: int, sha256: str) -> PublishedFile:
    name = f"{persona}_dialogues_256k.json"
    return PublishedFile(f"realmem/{name}", f"{_REALMEM}/dataset/{name}", num_bytes, f"sha256:{sha256}")


def _mem_alpha(split: str) -> tuple[PublishedFile, ...]:
    url = f"{_HUB}/YuWangX/Memalpha/resolve/main/{split}.parquet"
    return (PublishedFile(f"mem_alpha/{split}.parquet", url),)


def _hotpotqa(name: str, num_bytes: int, sha1: str) -> tuple[PublishedFile, ...]:
    return (PublishedFile(f"hotpotqa/{name}", f"{_HOTPOTQA}/{name}", num_bytes, f"sha1:{sha1}"),)


for _data in (
    PublishedData(
        "locomo",
        "LoCoMo (Maharana et al., arXiv:2402.17753)",
        "CC BY-NC 4.0 (no commercial use)",
        "https://github.com/snap-research/locomo",
        {
            "locomo10": (
                PublishedFile(
                    "locomo/locomo10.json",
                    "https://raw.githubusercontent.com/snap-research/locomo/main/data/locomo10.json",
                    2_805_274,
                    "sha256:79fa87e90f04081343b8c8debecb80a9a6842b76a7aa537dc9fdf651ea698ff4",
                ),
            )
        },
    ),
    PublishedData(
        "locomo_plus",
        "LoCoMo-Plus (arXiv:2602.10715), without the conversations of LoCoMo",
        "not stated",
        "https://github.com/xjtuleeyf/Locomo-Plus",
        {
            "cues": (
                PublishedFile(
                    "locomo/locomo_plus.json",
                    f"{_LOCOMO_PLUS}/data/locomo_plus.json",
                    305_737,
                    "sha256:af2fc6e5e0e88735e28d8dd1ef474b718861a73beb21779809e3b9e1a4fe3d23",
                ),
            )
        },
    ),
    PublishedData(
        "longmemeval",
        "LongMemEval, cleaned (Wu et al., arXiv:2410.10813)",
        "MIT",
        f"{_HUB}/xiaowu0162/longmemeval-cleaned",
        {
            "oracle": _longmemeval(
                "longmemeval_oracle.json",
                15_388_478,
                "821a2034d219ab45846873dd14c14f12cfe7776e73527a483f9dac095d38620c",
            ),
            "s": _longmemeval(
                "longmemeval_s_cleaned.json",
                277_383_467,
                "d6f21ea9d60a0d56f34a05b609c79c88a451d2ae03597821ea3d5a9678c3a442",
            ),
            "m": _longmemeval(
                "longmemeval_m_cleaned.json",
                2_737_100_077,
                "9d79e5524794a2e6900a3aa9cb7d9152c5a3e8319c9a87c25494ba1eacee495f",
            ),
        },
        on_request=frozenset({"m"}),
    ),
    PublishedData(
        "memoryagentbench",
        "MemoryAgentBench with FactConsolidation (Hu et al., arXiv:2507.05257)",
        "MIT",
        f"{_HUB}/ai-hyz/MemoryAgentBench",
        {
            "conflict_resolution": (
                _memoryagentbench(
                    "Conflict_Resolution",
                    1_491_588,
                    "24d5c3f09ce0ce15625cb9f8a98f44f0d864ca6c94d7b4ad04eb697ca3a5ff45",
                ),
            ),
            "accurate_retrieval": (
                _memoryagentbench(
                    "Accurate_Retrieval",
                    20_024_386,
                    "56c3cd80fb6731a3e53cd1a6be3148f54df60ff2d290ee50e28f8acebf9655c1",
                ),
            ),
            "test_time_learning": (
                _memoryagentbench(
                    "Test_Time_Learning",
                    3_947_476,
                    "5338753be48f925d03318eed66117286e3489025fabe050a547bd086cd7d79c0",
                ),
                PublishedFile(
                    "memoryagentbench/entity2id.json",
                    f"{_MEMORYAGENTBENCH}/entity2id.json",
                    1_758_081,
                    "sha256:63353aca481bc9558b502f91cb98f6fa26438796fdd7e0bc06b5a1532126e8b5",
                ),
            ),
            "long_range_understanding": (
                _memoryagentbench(
                    "Long_Range_Understanding",
                    49_342_452,
                    "5ab175461954db67770d4a4cb69e569b513ebb96aceb9ee79b57f67488bcd539",
                ),
            ),
        },
    ),
    PublishedData(
        "realmem",
        "RealMem, ten personas (arXiv:2601.06966)",
        "Apache-2.0",
        "https://github.com/AvatarMemory/RealMemBench",
        {
            "dialogues": (
                _realmem(
                    "Adeleke_Okonjo",
                    2_461_825,
                    "9dc2a8bf2777c182108b3859be6987b4203b65bd6df5cbb6e1a02e4e9f871fdb",
                ),
                _realmem(
                    "Ethan_Hunt",
                    3_595_699,
                    "67bd20d962cd0b01c1531cc82a73a0b1a1e58ef17db6e2f743fc9b35273734ac",
                ),
                _realmem(
                    "Kenta_Tanaka",
                    1_966_517,
                    "b8fe2e606db96dbce1ffa0ab7c21b23ce83d4b5d472d80cd4bd23cd8a259d397",
                ),
                _realmem(
                    "Kim_Ji_young",
                    2_467_110,
                    "e3e286120bc5e42d3dbe513d720f969ecebf3518fbe1a4782595e927474356a9",
                ),
                _realmem(
                    "Liam_O_Connor",
                    2_157_949,
                    "2427ab7d7012b28c0da9b2a70b1763cb60630f5198cf6eeed1ee68d0271c551c",
                ),
                _realmem(
                    "Lin_Wanyu",
                    2_498_500,
                    "a7a751066c48e829b3012a94f2b365febd0e6fb6db454a6d5f4ec01f9c55008a",
                ),
                _realmem(
                    "Oliver_Smith",
                    2_769_234,
                    "25a829eb690d7f81bd47141a0cd7c174e1aa98d899111d8b04e9115f0b92e1f3",
                ),
                _realmem(
                    "Pak_Budi",
                    2_064_025,
                    "d35e08ac141e83780b8b7bc3611feef042dbd082d0986812da1d885d028b638a",
                ),
                _realmem(
                    "Sarah_Miller",
                    2_830_748,
                    "2e84cfb4e29bfceebfb4eed09b84e7a2a7cae8a908d8584830e4c94a29819a6d",
                ),
                _realmem(
                    "Sophie_Dubois",
                    2_978_252,
                    "75f71e5ec0d14606debaea409075a6e631faf6a57d74ce7ec49f17476ef44e26",
                ),
            )
        },
    ),
    PublishedData(
        "mem_alpha",
        "Mem-alpha's training data (Wang et al., arXiv:2509.25911)",
        "not stated (the code is Apache-2.0); its eight data sets have licences of their own",
        f"{_HUB}/YuWangX/Memalpha",
        {"train": _mem_alpha("train"), "test": _mem_alpha("test")},
    ),
    PublishedData(
        "ama_bench",
        "AMA-Bench, open questions (arXiv:2602.22769)",
        "MIT",
        f"{_HUB}/AMA-bench/AMA-bench",
        {
            "open_end": (
                PublishedFile(
                    "ama_bench/open_end_qa_set.jsonl",
                    f"{_HUB}/AMA-bench/AMA-bench/resolve/main/test/open_end_qa_set.jsonl",
                ),
            )
        },
    ),
    PublishedData(
        "hotpotqa",
        "HotpotQA with distractors (Yang et al., arXiv:1809.09600)",
        "CC BY-SA 4.0",
        "https://hotpotqa.github.io",
        {
            "dev": _hotpotqa(
                "hotpot_dev_distractor_v1.json", 46_320_117, "825b6cfc34a61db41e82bbb14d978d5a834925f8"
            ),
            "train": _hotpotqa(
                "hotpot_train_v1.1.json", 566_426_227, "08c42431c22984f362e94de0e635c7b858c3cff0"
            ),
        },
        on_request=frozenset({"train"}),
    ),
):
    PUBLISHED.add(_data.name, _data, description=_data.title)
PUBLISHED.add_lazily(
    "beam", f"{__package__}.beam_files:BEAM", description="BEAM (Tavakoli et al., arXiv:2510.27246)"
)
PUBLISHED.add_lazily(
    "structmemeval",
    f"{__package__}.structmemeval_files:STRUCTMEMEVAL",
    description="StructMemEval (arXiv:2602.11243)",
)
for _name, _target, _title in (
    ("banking77", "BANKING77", "Banking77 (Casanueva et al., arXiv:2003.04807)"),
    ("clinc150", "CLINC150", "CLINC150 (Larson et al., arXiv:1909.02027)"),
    ("nlu", "NLU", "NLU evaluation data of the home domain (Liu et al., arXiv:1903.05566)"),
    ("trec", "TREC", "TREC questions by what they ask for (Li and Roth, COLING 2002)"),
):
    PUBLISHED.add_lazily(_name, f"{__package__}.intents_files:{_target}", description=_title)
