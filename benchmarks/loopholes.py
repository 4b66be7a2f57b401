"""What can be had for nothing: scores of policies and answers that game a rule, beside honest ones.

    python benchmarks/loopholes.py speakers    # reader and hand hybrid, when speakers are called otherwise
    python benchmarks/loopholes.py packing     # a manager that packs turns into few entries
    python benchmarks/loopholes.py words       # a part of a turn's words as its evidence
    python benchmarks/loopholes.py hedge       # " (not mentioned)" behind every answer
    python benchmarks/loopholes.py unscored    # an answerer that fails where it is unsure
    python benchmarks/loopholes.py tokens --tokenizer FOLDER [FOLDER ...]

`--streams SPEC NUM` names streams and how many of them; it can be given several times. The last line of the
output is one JSON object: a list of rows, figures x 100.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.reward_hacks import MANAGER_HACKS
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory import BM25Retriever, MemoryStore
from memdojo.envs.memory.analysis import analyze, count_tokens
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.streams import render_turn
from memdojo.envs.types import Add, Capacity, MemoryEntry, Stream
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation
from memdojo.rewards import locomo_score, locomo_strict_score

Row = dict[str, str | float]
Samples = Sequence[tuple[str, Sequence[Stream]]]

SYNTHETIC, LOCOMO, FACTS = "synthetic:test", "locomo:memory_r1/test", "factconsolidation:test"
SURNAMES = ("Lee", "Ray", "Fox", "Moss", "Hart", "Vale")
NAMINGS: dict[str, Callable[[str, int], str]] = {
    "first names": lambda name, place: name,
    "first and last names": lambda name, place: f"{name} {SURNAMES[place]}",
    "in lower case": lambda name, place: name.lower(),
    "handles": lambda name, place: f"{name}_{SURNAMES[place]}".lower(),
    "Dr. X": lambda name, place: f"Dr. {SURNAMES[place]}",
    "User A": lambda name, place: f"User {'ABCDEF'[place]}",
}
NEW_IN_QUESTIONS = ("Dr. X", "User A")
"""Namings that share no word with the names that the questions have."""
HEDGE = " (not mentioned)"
TOKENS = "tokens"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=[*_MEASURES, TOKENS])
    parser.add_argument("--streams", nargs=2, action="append", metavar=("SPEC", "NUM"))
    parser.add_argument("--tokenizer", nargs="+", default=[], help="folders of language models")
    arguments = parser.parse_args()
    measures = {**_MEASURES, TOKENS: (partial(_tokens, tokenizers=arguments.tokenizer), ((LOCOMO, 2),))}
    measure, default = measures[arguments.what]
    named = [(spec, int(number)) for spec, number in arguments.streams or default]
    # The hedge pays where nothing can be answered, so those questions are asked as well.
    options = {"categories": [1, 2, 3, 4, 5]} if arguments.what == "hedge" else {}
    rows = []
    for row in measure([(spec, memdojo.load_streams(spec, **options)[:number]) for spec, number in named]):
        rows.append(row)
        print("  ".join(f"{name} {_shown(value)}" for name, value in row.items()), flush=True)
    print(json.dumps(rows))


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}"


def _speakers(samples: Samples) -> Iterator[Row]:
    for (spec, streams), naming in product(samples, NAMINGS):
        renamed = [_renamed(stream, naming) for stream in streams]
        reading = memdojo.EvalChoices(task="retriever", metric="token_f1")
        ranking = memdojo.EvalChoices(task="retriever", metric="recall@10")
        yield {
            "streams": spec,
            "speakers": naming,
            "oracle's token F1": _score(memdojo.evaluate(["oracle"], renamed, reading).summary, "oracle"),
            "hybrid's recall@10": _score(memdojo.evaluate(["hybrid"], renamed, ranking).summary, "hybrid"),
        }


def _renamed(stream: Stream, naming: str) -> Stream:
    names = list(dict.fromkeys(turn.speaker for turn in stream.turns))
    new = {name: NAMINGS[naming](name, place) for place, name in enumerate(names)}
    chunks = tuple(
        replace(chunk, turns=tuple(replace(turn, speaker=new[turn.speaker]) for turn in chunk.turns))
        for chunk in stream.chunks
    )
    if naming not in NEW_IN_QUESTIONS:
        return replace(stream, chunks=chunks)
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names))
    questions = tuple(
        replace(question, text=pattern.sub(lambda found: new[found[0]], question.text))
        for question in stream.questions
    )
    return replace(stream, chunks=chunks, questions=questions)


def _packing(samples: Samples) -> Iterator[Row]:
    for (spec, streams), share, token_share in product(samples, (0.25, 0.1, 0.05), (math.inf, None)):
        policies = [make_baseline("recency"), MANAGER_HACKS["pack_turns"]()]
        settings = EvalSettings(capacity_share=share, token_share=token_share)
        summary = run_evaluation(policies, streams, settings, num_resamples=20).summary
        for row in summary.to_dict("records"):
            yield {
                "streams": spec,
                "share": 100 * share,
                "limits": "entries and tokens" if token_share is None else "entries alone",
                "policy": row["policy"],
                "recall@10": 100 * row["recall@10"],
                "tokens kept": 100 * row["tokens_kept"],
            }


def _words(samples: Samples) -> Iterator[Row]:
    for (spec, streams), share in product(samples, (0.5, 0.6, 0.8, 1.0)):
        recalls, answers = [], []
        for context in map(StreamContext, streams):
            entries = {
                turn.id: MemoryEntry(1, "fact", _shrunk(text, share), turn.time, 0, 0, (turn.id,))
                for turn, text in zip(context.turns, context.turn_texts, strict=True)
            }
            for question in context.stream.questions:
                if needed := sorted(question.needed_evidence):
                    found = [bool(context.evidence_for(question, entries[turn])) for turn in needed]
                    recalls.append(statistics.mean(found))
                    said = _terms(context.turn_texts[context.turn_index[turn]] for turn in needed)
                    kept = _terms(entries[turn].text for turn in needed)
                    answers.append(_terms(question.answers[:1]) & said <= kept)
        yield {
            "streams": spec,
            "words kept": 100 * share,
            "recall": 100 * statistics.mean(recalls),
            "answers kept": 100 * statistics.mean(answers),
        }


def _terms(texts: Iterator[str] | Sequence[str]) -> frozenset[str]:
    return frozenset(term for text in texts for term in analyze(text))


def _shrunk(text: str, share: float) -> str:
    """Return the shortest of a text's content words, as many as `share` says; all of it at 1."""
    if share == 1:
        return text
    by_term: dict[str, str] = {}
    for word in re.findall(r"\w+", text):
        for term in analyze(word)[:1]:
            by_term.setdefault(term, word)
    return " ".join(sorted(by_term.values(), key=len)[: math.ceil(share * len(by_term) - 1e-9)])


def _hedge(samples: Samples) -> Iterator[Row]:
    reader, retriever = ExtractiveAnswerer(), BM25Retriever()
    for spec, streams in samples:
        scores: dict[str, list[float]] = {}
        for context in map(StreamContext, streams):
            store = MemoryStore(Capacity(max_entry_tokens=None), context.corpus)
            for turn, text in zip(context.turns, context.turn_texts, strict=True):
                store.apply(Add(text, (turn.id,), turn.time, "turn"), 0)
            for question in context.stream.questions:
                hits = retriever.search(store, question.text, 10)
                lines = tuple(f"[{hit.entry.time:%Y-%m-%d}] {hit.entry.text}" for hit in hits)
                answer = reader.answer([AnswerRequest(question=question.text, context=lines)])[0].text or ""
                wanted = () if question.unanswerable else question.answers
                for end, text in (("", answer), (HEDGE, answer + HEDGE)):
                    strict = locomo_strict_score(text, wanted, question.category, question.text)
                    scores.setdefault(f"locomo{end}", []).append(
                        locomo_score(text, wanted, question.category)
                    )
                    scores.setdefault(f"locomo_strict{end}", []).append(strict)
        yield {"streams": spec} | {name: 100 * statistics.mean(values) for name, values in scores.items()}


class _SureReader:
    """The reader, failing where no line has the wanted share of the question's words."""

    def __init__(self, share: float) -> None:
        self.fingerprint = f"sure({share})"
        self._share = share
        self._reader = ExtractiveAnswerer()

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer, or fail, each request."""
        return [
            answer if self._overlap(request) >= self._share else Answer(None, "timed out")
            for request, answer in zip(requests, self._reader.answer(requests), strict=True)
        ]

    def _overlap(self, request: AnswerRequest) -> float:
        asked = set(analyze(request.question))
        return max((len(asked.intersection(analyze(line))) for line in request.context), default=0) / max(
            1, len(asked)
        )


def _unscored(samples: Samples) -> Iterator[Row]:
    for (spec, streams), share in product(samples, (0.0, 0.6, 0.8)):
        settings = EvalSettings(capacity_share=0.2, answerer=_SureReader(share))
        policies = [make_baseline("recency"), make_baseline("oracle")]
        for row in run_evaluation(policies, streams, settings, num_resamples=20).summary.to_dict("records"):
            yield {
                "streams": spec,
                "fails below": 100 * share,
                "policy": row["policy"],
                "score": 100 * row["score"],
                "unscored": row["unscored"],
            }


def _tokens(samples: Samples, tokenizers: Sequence[str]) -> Iterator[Row]:
    """Compare `count_tokens` with the median of the tokenizers."""
    english = [render_turn(turn) for _, streams in samples for stream in streams for turn in stream.turns]
    words = re.findall(r"\w+", " ".join(english[:200]))
    texts = {
        "turns": english,
        "Chinese": ["我住在奥斯陆并且有两只猫和一只狗。昨天在公园散步的时候遇到了一位老朋友。"],
        "Cyrillic": ["Я живу в Осло, и у меня две кошки и собака. Вчера в парке я встретила старого друга."],
        "words joined by _": ["_".join(words)],
        "words joined by nothing": ["".join(words)],
        "links": [
            "https://www.example.com/articles/2023/05/how-to-adopt-a-dog?utm_source=letter&id=8f3a9c2e"
        ],
    }
    for kind, of_kind in texts.items():
        real = [sum(map(token_counter(name).count, of_kind)) for name in tokenizers]
        yield {"texts": kind, "count over median": sum(map(count_tokens, of_kind)) / statistics.median(real)}


def _score(summary: object, policy: str) -> float:
    rows = summary.to_dict("records")  # type: ignore[attr-defined]
    return 100 * next(float(row["score"]) for row in rows if row["policy"] == policy)


_MEASURES: dict[str, tuple[Callable[[Samples], Iterator[Row]], tuple[tuple[str, int], ...]]] = {
    "speakers": (_speakers, ((SYNTHETIC, 8), ("locomo:test", 3))),
    "packing": (_packing, ((SYNTHETIC, 12), (LOCOMO, 2), (FACTS, 2))),
    "words": (_words, ((SYNTHETIC, 12), (LOCOMO, 2))),
    "hedge": (_hedge, (("locomo", 10),)),
    "unscored": (_unscored, ((SYNTHETIC, 12),)),
}

if __name__ == "__main__":
    main()
