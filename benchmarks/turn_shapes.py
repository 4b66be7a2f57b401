"""How long the turns of users and assistants are, and how often they have questions, lists and code.

    python benchmarks/turn_shapes.py realmem longmemeval=FILE assistant:test synthetic:test

A source may be followed by the path of its file. Per source and side it prints the number of turns, their
words (mean, median and 90th percentile) and the shares with a question mark, a list, a fence of code, a line
break and a digit. Whoever is not called "Assistant" counts as a user. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics

from memdojo.envs.streams import load_streams

MARKS = {
    "question": re.compile(r"\?"),
    "list": re.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s"),
    "code": re.compile("```"),
    "line break": re.compile("\n"),
    "digit": re.compile(r"\d"),
}


def shape(texts: list[str]) -> dict[str, float]:
    """The figures of one side of a source."""
    words = [len(text.split()) for text in texts]
    lengths = {
        "turns": len(texts),
        "mean": round(statistics.mean(words)),
        "median": round(statistics.median(words)),
        "p90": round(statistics.quantiles(words, n=10)[-1]),
    }
    shares = {
        name: round(100 * sum(bool(mark.search(text)) for text in texts) / len(texts), 1)
        for name, mark in MARKS.items()
    }
    return lengths | shares


def main() -> None:
    """Measure the sources that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sources", nargs="+", help="specs, or SPEC=PATH")
    results = []
    for source in parser.parse_args().sources:
        spec, _, path = source.partition("=")
        sides: dict[str, list[str]] = {"user": [], "assistant": []}
        for stream in load_streams(spec, **({"path": path} if path else {})):
            for turn in stream.turns:
                side = "assistant" if turn.speaker.lower() == "assistant" else "user"
                sides[side].append(turn.text)
        for side, texts in sides.items():
            if texts:
                results.append({"source": spec, "side": side, **shape(texts)})
                print("  ".join(f"{name} {value}" for name, value in results[-1].items()))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
