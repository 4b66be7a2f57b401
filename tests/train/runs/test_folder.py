import builtins
import errno
import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from builders import make_config
from memdojo.errors import ConfigError
from memdojo.train.runs.folder import RunFolder, RunFolderError
from memdojo.train.runs.progress import BarProgress, PlainProgress, Report, make_progress


def _run(root: Path, updates: int = 0) -> RunFolder:
    with RunFolder.create(root, make_config()) as run:
        for update in range(1, updates + 1):
            run.log(update, {})
            run.checkpoint_folder(update).mkdir()
    return run


def test_a_new_run_holds_its_resolved_config(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "runs", make_config())
    assert run.path == tmp_path / "runs" / "run"
    assert RunFolder.open(run.path).config == run.config
    assert (run.latest, run.best, run.metrics()) == (None, None, [])


def test_another_run_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    run = _run(tmp_path, updates=1)
    (tmp_path / "run-2").mkdir()
    with pytest.raises(RunFolderError, match="choose another name, such as name=run-3, or pass --resume"):
        RunFolder.create(tmp_path, make_config())
    assert len(run.metrics()) == 1
    assert RunFolder.create(tmp_path, make_config(), overwrite=True).metrics() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run-2"]


def test_what_is_no_run_is_neither_overwritten_nor_opened(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("all of it")
    with pytest.raises(
        RunFolderError, match=r"is not a run \(it has no config.toml\), so it is not overwritten"
    ):
        RunFolder.create(tmp_path, make_config(), overwrite=True)
    with pytest.raises(RunFolderError, match=r"is not a run: it has no config.toml"):
        RunFolder.open(tmp_path / "run")
    with pytest.raises(RunFolderError, match="is not a run: it does not exist"):
        RunFolder.open(tmp_path / "walk")
    with pytest.raises(RunFolderError, match=r"no run at .*walk to resume; leave --resume out"):
        RunFolder.resume(tmp_path, make_config("name=walk"))


def test_resume_takes_a_longer_run_and_refuses_another_one(tmp_path: Path) -> None:
    run = _run(tmp_path)
    (run.path / "checkpoints" / ".step_000001.7.tmp").mkdir()
    longer = RunFolder.resume(tmp_path, make_config("algorithm.num_updates=9", "rollouts.num_workers=1"))
    assert RunFolder.open(longer.path).config.algorithm.num_updates == 9
    assert list((run.path / "checkpoints").iterdir()) == []
    with pytest.raises(ConfigError, match=r"trained with algorithm.group_size = 8 and cannot resume with 4"):
        RunFolder.resume(tmp_path, make_config("algorithm.group_size=4"))
    with pytest.raises(ConfigError, match=r"episode.capacity_share = None .* resume with 0.5"):
        RunFolder.resume(tmp_path, make_config("episode.capacity_share=0.5"))


def test_a_run_whose_schedule_leads_to_its_end_cannot_become_longer(tmp_path: Path) -> None:
    for name, schedule in (
        ("rate", ("algorithm.learning_rate_schedule=linear",)),
        ("entropy", ("algorithm.entropy_schedule=cosine", "algorithm.entropy_coefficient=0.1")),
        ("stages", ("streams.session_stages=[2, 4]",)),
    ):
        RunFolder.create(tmp_path, make_config(f"name={name}", *schedule)).close()
        with pytest.raises(ConfigError, match=r"trained with algorithm\.num_updates = 3 and cannot resume"):
            RunFolder.resume(tmp_path, make_config(f"name={name}", *schedule, "algorithm.num_updates=9"))
        RunFolder.resume(tmp_path, make_config(f"name={name}", *schedule, "checkpoints.keep=9")).close()
    # A single stage is the same at all updates.
    RunFolder.create(tmp_path, make_config("name=one", "streams.session_stages=[2]")).close()
    longer = ("name=one", "streams.session_stages=[2]", "algorithm.num_updates=9")
    RunFolder.resume(tmp_path, make_config(*longer)).close()


def test_resume_compares_an_infinite_share_of_the_tokens(tmp_path: Path) -> None:
    unlimited = make_config("episode.token_share=inf")
    RunFolder.create(tmp_path, unlimited).close()
    assert RunFolder.resume(tmp_path, unlimited).config == unlimited
    with pytest.raises(ConfigError, match=r"episode.token_share = inf .* resume with None"):
        RunFolder.resume(tmp_path, make_config())


def test_a_run_of_before_with_a_key_of_another_kind_is_opened_and_resumed(tmp_path: Path) -> None:
    run = _run(tmp_path, updates=1)
    config = run.path / "config.toml"
    written = config.read_text()
    config.write_text(written.replace("[algorithm]\n", "[algorithm]\ngae_lambda = 0.5\n"))
    assert config.read_text() != written
    assert RunFolder.open(run.path).config == run.config
    assert RunFolder.resume(tmp_path, make_config()).config == run.config


def test_metrics_are_lines_that_are_on_the_disk_at_once(tmp_path: Path) -> None:
    with _run(tmp_path) as run:
        run.log(1, {"reward": 0.5, "validation": float("nan")})
        run.log(2, {"reward": 0.25})
        lines = (run.path / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [
            {"update": 1, "reward": 0.5, "validation": None},
            {"update": 2, "reward": 0.25},
        ]
    assert list((run.path / "tensorboard").iterdir())


def test_tensorboard_has_the_metrics(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with _run(tmp_path) as run:
        for update in (1, 2, 3):
            run.log(update, {"reward": update / 4, "unscored": float("nan")})
        run.rewind(1)
        run.log(2, {"reward": 9.0})
    events = EventAccumulator(str(run.path / "tensorboard"))  # type: ignore[no-untyped-call]
    events.Reload()  # type: ignore[no-untyped-call]
    scalars = events.Scalars("reward")  # type: ignore[no-untyped-call]
    assert [(scalar.step, scalar.value) for scalar in scalars] == [(1, 0.25), (2, 9.0)]
    assert events.Tags()["scalars"] == ["reward"]  # type: ignore[no-untyped-call]


def test_rewind_forgets_later_metrics_checkpoints_and_half_a_line(tmp_path: Path) -> None:
    run = _run(tmp_path, updates=3)
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write('{"update": 4, "rew')
    assert [line["update"] for line in run.metrics()] == [1, 2, 3]
    run.rewind(2)
    assert (run.path / "metrics.jsonl").read_text() == '{"update": 1}\n{"update": 2}\n'
    assert run.latest == run.checkpoint_folder(2)
    run.rewind(0)
    assert (run.metrics(), run.latest) == ([], None)


def test_a_full_disk_takes_back_the_line_that_did_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(tmp_path, updates=1)

    class FullDisk(io.StringIO):
        def write(self, text: str) -> int:
            with real_open(run.path / "metrics.jsonl", "a") as file:
                file.write(text[:5])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real_open = builtins.open
    monkeypatch.setattr(builtins, "open", lambda *args, **kwargs: FullDisk())
    with pytest.raises(RunFolderError, match=r"metrics.jsonl cannot be written: No space left on device"):
        run.log(2, {"reward": 0.5})
    monkeypatch.undo()
    assert (run.path / "metrics.jsonl").read_text() == '{"update": 1}\n'


def test_only_a_run_that_never_began_is_removed(tmp_path: Path) -> None:
    run = _run(tmp_path, updates=1)
    assert not run.remove_if_untrained()
    run.rewind(0)
    # The policy that training was to begin with was never trained either.
    run.log(0, {"validation/score": 0.5})
    run.checkpoint_folder(0).mkdir()
    assert run.remove_if_untrained()
    assert list(tmp_path.iterdir()) == []


def test_best_is_a_link_that_survives_moving_the_run(tmp_path: Path) -> None:
    run = _run(tmp_path, updates=3)
    run.mark_best(1)
    run.mark_best(2)
    assert run.best == run.checkpoint_folder(2)
    run.prune(keep=1)
    assert sorted(path.name for path in (run.path / "checkpoints").iterdir()) == [
        "step_000002",
        "step_000003",
    ]
    moved = run.path.rename(tmp_path / "moved")
    assert RunFolder.open(moved).best == moved / "checkpoints" / "step_000002"
    with pytest.raises(RunFolderError, match=r"no checkpoint .*step_000007 to mark as the best"):
        run.mark_best(7)


def test_plain_progress_prints_validations_and_seldom_anything_else() -> None:
    times = iter([0.0, 1.0, 2.0, 3.0, 8.0, 9.0])
    stream = io.StringIO()
    with PlainProgress(stream, clock=lambda: next(times)) as progress:
        progress.start(5)
        progress.report(Report(0, None, 0.25, is_validated=True))
        progress.report(Report(1, 0.1))
        progress.report(Report(2, 0.2))
        progress.report(Report(3, 0.3, 0.5, 1234.4, is_validated=True, is_best=True, interval=(0.4, 0.6123)))
        progress.report(Report(4, 0.4, 0.5))
        progress.report(Report(5, 0.5, 0.5))
    assert stream.getvalue().splitlines() == [
        "update 0/5  validation 0.250",
        "update 3/5  reward 0.300  validation 0.500 [0.400, 0.612] (best)  1,234 steps/s",
        "update 4/5  reward 0.400  validation 0.500",
        "update 5/5  reward 0.500  validation 0.500",
    ]


def test_a_line_tells_the_store_the_operations_and_what_could_not_be_scored() -> None:
    stream = io.StringIO()
    with PlainProgress(stream) as progress:
        progress.start(1)
        mix = {"NOOP": 0.253, "ADD": 0.741, "rejected": 0.006}
        progress.report(Report(1, 0.5, 0.25, 80.0, entries=21.44, operations=mix, unscored=2))
    assert stream.getvalue() == (
        "update 1/1  reward 0.500  validation 0.250  store 21.4  ADD 74% NOOP 25%  unscored 2  80 steps/s\n"
    )


def test_the_bar_shows_reward_and_validation_on_a_terminal() -> None:
    stream = io.StringIO()
    with BarProgress(Console(file=stream, force_terminal=True, width=120)) as progress:
        progress.start(10, done=4)
        progress.report(Report(5, 0.125, 0.5))
        progress.message("saved [5]")
    shown = stream.getvalue()
    assert "5/10" in shown
    assert "reward 0.125  validation 0.500" in shown
    assert "saved [5]" in shown


def test_progress_is_plain_without_a_terminal() -> None:
    assert isinstance(make_progress(), PlainProgress)
    assert isinstance(make_progress(quiet=True), PlainProgress)
