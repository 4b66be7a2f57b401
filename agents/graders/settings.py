"""Settings of those who answer and of those who grade: the tables `[answerer]` and `[judge]`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from memdojo.errors import ConfigError
from memdojo.settings import Count, FolderOrName, Positive, Table, Text

from ..engines.settings import DEFAULT_THINKING_TOKENS, ServingSettings

Room = Annotated[int, Field(ge=0)]


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


class ServedAnswererSettings(AnswererSettings, ServingSettings):
    """A model in engines of its own.

    Attributes:
        model: Folder or hub id of the model.
        engine: Kind of the engines that serve it.
        max_tokens: Most tokens of an answer.
        thinking_tokens: Most tokens of a thought before it; only models that think are given them.
    """

    kind: Literal["model"] = "model"
    model: FolderOrName
    engine: Text = "vllm"
    max_tokens: Count = 32
    thinking_tokens: Room = DEFAULT_THINKING_TOKENS


class EndpointAnswererSettings(AnswererSettings):
    """A model behind an OpenAI-compatible server.

    Attributes:
        model: Name of the model there.
        url: Of the server, such as `http://HOST:8000/v1`.
        max_tokens: Most tokens of an answer.
        thinking_tokens: Most tokens of a thought before it; only models that think are given them.
        timeout_s: Seconds after which an answer counts as missing.
    """

    kind: Literal["endpoint"] = "endpoint"
    model: Text
    url: Text
    max_tokens: Count = 32
    thinking_tokens: Room = DEFAULT_THINKING_TOKENS
    timeout_s: Positive = 60.0


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


class ServedJudgeSettings(JudgeSettings, ServingSettings):
    """A model in engines of its own.

    Attributes:
        model: Folder or hub id of the model.
        engine: Kind of the engines that serve it.
        thinking_tokens: Most tokens of a thought before the verdict; only models that think are given them.
    """

    kind: Literal["model"] = "model"
    model: FolderOrName
    engine: Text = "vllm"
    thinking_tokens: Room = DEFAULT_THINKING_TOKENS


class EndpointJudgeSettings(JudgeSettings):
    """A model behind an OpenAI-compatible server.

    Attributes:
        model: Name of the model there.
        url: Of the server, such as `http://HOST:8000/v1`.
        thinking_tokens: Most tokens of a thought before the verdict; only models that think are given them.
        timeout_s: Seconds after which a grade counts as missing.
    """

    kind: Literal["endpoint"] = "endpoint"
    model: Text
    url: Text
    thinking_tokens: Room = DEFAULT_THINKING_TOKENS
    timeout_s: Positive = 60.0
