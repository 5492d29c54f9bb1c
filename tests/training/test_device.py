"""Devices by name, shares of cores, random states and inference; what needs no GPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bandscribe.training import device
from bandscribe.training.learner import Learner
from bandscribe.training.settings import Settings


def with_gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize(
    ("gpus", "rank", "name", "expected"),
    [
        (0, "0", "auto", "cpu"),
        (2, "0", "auto", "cuda:0"),
        (2, "1", "auto", "cuda:1"),
        (2, "1", "cuda", "cuda:1"),
        (2, "0", "cuda:1", "cuda:1"),
        (2, "1", "cpu", "cpu"),
    ],
)
def test_a_device_by_its_name(
    monkeypatch: pytest.MonkeyPatch, gpus: int, rank: str, name: str, expected: str
) -> None:
    with_gpus(monkeypatch, gpus)
    monkeypatch.setenv("LOCAL_RANK", rank)
    assert device.choose(name) == torch.device(expected)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpu", "device: expected auto, cpu, cuda, cuda:N or mps, got 'gpu'"),
        ("cuda:first", "got 'cuda:first'"),
        ("cuda", r"cuda is not available: torch \S+ finds 0 CUDA GPUs; train on cpu"),
        ("cuda:3", "cuda:3 is not available"),
        ("mps", "device: mps is not available here; train on cpu"),
    ],
)
def test_devices_that_are_not_here(monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    with_gpus(monkeypatch, 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match=words):
        device.choose(name)


@pytest.mark.parametrize(
    ("gpus", "given", "local", "workers", "threads"),
    [
        (0, {}, "1", 8, 8),
        (0, {"workers": 1}, "1", 1, 15),
        (0, {"workers": 0, "threads": 3}, "1", 0, 3),
        (1, {}, "1", 16, 1),
        (4, {}, "4", 4, 1),
        (0, {}, "2", 4, 4),
    ],
)
def test_cores_are_shared(
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    given: dict[str, int],
    local: str,
    workers: int,
    threads: int,
) -> None:
    with_gpus(monkeypatch, gpus)
    monkeypatch.setattr(device, "cores", lambda: 16)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", local)
    settings = replace(Settings(), **given)  # type: ignore[arg-type]
    assert (device.workers(settings), device.threads(settings)) == (workers, threads)


def test_random_states_go_on_where_they_were() -> None:
    cpu = torch.device("cpu")
    state = device.random_state(cpu)
    first = torch.rand(3)
    # A run that began on a GPU goes on with what the CPU has in common with it.
    device.set_random_state({**state, "cuda": torch.zeros(1)}, cpu)
    assert torch.equal(torch.rand(3), first)


def test_random_states_of_a_gpu_are_kept_beside_those_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Fake:
        state = torch.tensor([5])

        def get_rng_state(self) -> torch.Tensor:
            return self.state

        def set_rng_state(self, state: torch.Tensor) -> None:
            self.state = state

    fake = Fake()
    monkeypatch.setattr(torch, "get_device_module", lambda _: fake)
    gpu = torch.device("cuda", 0)
    states = device.random_state(gpu)
    assert list(states) == ["cpu", "cuda"]
    fake.state = torch.tensor([6])
    device.set_random_state({"cpu": states["cpu"]}, gpu)  # of a run that began on the CPU
    assert fake.state.item() == 6
    device.set_random_state(states, gpu)
    assert fake.state.item() == 5


def test_inference_in_batches_is_inference() -> None:
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2).eval()
    features = np.random.default_rng(0).random((7, 4, 3)).astype(np.float16)
    found = device.infer(network, features, batch=3)
    assert (found.dtype, found.requires_grad) == (torch.float32, False)
    torch.testing.assert_close(found, network(torch.from_numpy(features).float()).detach())


def test_inference_is_where_the_network_is() -> None:
    """Features go to the network's device, outputs come back: a stand-in for one without memory."""

    class Elsewhere(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.empty(1, device="meta"))

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            assert features.device == self.weight.device
            return torch.full(features.shape[:2], 0.5)

    found = device.infer(Elsewhere(), np.zeros((5, 2, 3), np.float32), batch=2)
    assert found.device.type == "cpu"
    assert torch.equal(found, torch.full((5, 2), 0.5))


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_weights_that_are_validated_are_on_the_device(average: float) -> None:
    settings = replace(Settings(), average=average, half=False)
    place = torch.device("meta")
    learner = Learner(
        torch.nn.Linear(3, 2), torch.nn.functional.mse_loss, settings, place,
        optimiser=lambda network: torch.optim.SGD(network.parameters(), lr=0.1),
    )  # fmt: skip
    for network in (learner.model, learner.average):
        assert {weight.device for weight in network.parameters()} == {place}


@pytest.mark.parametrize(
    ("name", "backend"), [("cuda", "cpu:gloo,cuda:nccl"), ("cpu", "gloo"), ("mps", "gloo")]
)
def test_processes_average_on_their_gpus_and_agree_over_the_cpu(
    monkeypatch: pytest.MonkeyPatch, name: str, backend: str
) -> None:
    called: list[object] = []
    monkeypatch.setattr(device, "world", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", called.append)
    monkeypatch.setattr(
        device.dist, "init_process_group", lambda backend, timeout: called.append(backend)
    )
    monkeypatch.setattr(device.dist, "destroy_process_group", lambda: called.append("left"))
    place = torch.device(name, 1) if name == "cuda" else torch.device(name)
    with device.together(place):
        assert called == ([place] if name == "cuda" else []) + [backend]
    assert called[-1] == "left"


def test_alone_a_process_agrees_with_itself() -> None:
    assert (device.rank(), device.world()) == (0, 1)
    assert device.agree(2) == 2
    assert device.broadcast("figures") == "figures"
    assert device.gather("states") == ["states"]
