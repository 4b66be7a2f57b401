"""Settings of those who answer and of those who grade: the tables `[answerer]` and `[judge]`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from memdojo.errors import ConfigError
from memdojo.settings import Count, Table

from ..engines.settings import EndpointModelSettings, ServedModelSettings


class AnswererSettings(Table):
    """Who answers the questions of training and evaluation; the base of the settings of each kind.

    Attributes:
        kind: Name of the kind in `ANSWERERS`.
    """

    kind: str

    @property
    def trained_folder(self) -> str | None:
        """The run or checkpoint that answers, whose training streams are not held out; None if none does."""
        return None


class ExtractiveSettings(AnswererSettings):
    """The reader without a model."""

    kind: Literal["extractive"] = "extractive"


class ServedAnswererSettings(AnswererSettings, ServedModelSettings):
    """A model in engines of its own.

    Attributes:
        max_tokens: Most tokens of an answer.
    """

    kind: Literal["model"] = "model"
    max_tokens: Count = 32


class EndpointAnswererSettings(AnswererSettings, EndpointModelSettings):
    """A model behind an OpenAI-compatible server.

    Attributes:
        max_tokens: Most tokens of an answer.
    """

    kind: Literal["endpoint"] = "endpoint"
    max_tokens: Count = 32


class JudgeSettings(Table):
    """Who grades answers by yes or no, and operations; the base of the settings of each kind.

    Attributes:
        kind: Name of the kind in `JUDGES`.
        operations: Whether operations are graded by the `rule` of `envs.episodes.validity` or by the `model`.
    """

    kind: str
    operations: Literal["rule", "model"] = "rule"


class NoJudgeSettings(JudgeSettings):
    """No judge."""

    kind: Literal["none"] = "none"

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        if self.operations == "model":
            raise ConfigError("judge.operations is 'model', but judge.kind is 'none'; name a model.")
        return self


class ServedJudgeSettings(JudgeSettings, ServedModelSettings):
    """A model in engines of its own."""

    kind: Literal["model"] = "model"


class EndpointJudgeSettings(JudgeSettings, EndpointModelSettings):
    """A model behind an OpenAI-compatible server."""

    kind: Literal["endpoint"] = "endpoint"
