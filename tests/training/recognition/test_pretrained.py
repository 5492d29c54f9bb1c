"""Where the weights of ResNet-50 and AST come from, and what is said about it. No network."""

import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch

from bandscribe.training.recognition import pretrained
from bandscribe.training.recognition.models import AST, ResNet50

TINY_RESNET = {"depths": [1, 1], "hidden_sizes": [8, 16], "embedding_size": 8}
TINY_AST = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture
def library() -> None:
    pytest.importorskip("transformers")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that looked up another machine, even where the refusal was swallowed."""
    hosts: list[object] = []
    look_up = socket.getaddrinfo

    def refuse(host: object, *args: object, **options: object) -> object:
        if host == "127.0.0.1":
            return look_up(host, *args, **options)  # type: ignore[arg-type]
        hosts.append(host)
        raise OSError(f"no network in tests: {host}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert hosts == []


@pytest.mark.usefixtures("library")
def test_random_weights_are_called_so() -> None:
    assert ResNet50(32, 3, config=TINY_RESNET).origin == "random weights"


@pytest.mark.usefixtures("library")
def test_a_folder_gives_its_weights_and_shape(tmp_path: Path) -> None:
    given = ResNet50(32, 3, config=TINY_RESNET)
    given.body.save_pretrained(tmp_path)
    network = ResNet50(32, 5, pretrained=str(tmp_path))
    assert network.origin == f"weights of {tmp_path}"
    expected = given.body.state_dict()
    assert all(torch.equal(expected[name], w) for name, w in network.body.state_dict().items())


@pytest.mark.usefixtures("library")
def test_ast_keeps_its_positions_only_for_the_same_length(tmp_path: Path) -> None:
    torch.manual_seed(0)
    given = AST(128, 3, frames=100, config=TINY_AST).body
    given.save_pretrained(tmp_path)
    same = AST(128, 3, pretrained=str(tmp_path), frames=100).body.state_dict()
    assert all(torch.equal(weight, same[name]) for name, weight in given.state_dict().items())

    other = AST(128, 3, pretrained=str(tmp_path), frames=46)
    assert other.origin == f"weights of {tmp_path}, new embeddings.position_embeddings"
    shorter = other.body.state_dict()
    [(name, shape)] = [
        (name, tuple(weight.shape))
        for name, weight in shorter.items()
        if not torch.equal(weight, same[name])
    ]
    assert (name, shape) == ("embeddings.position_embeddings", (1, 12 * 4 + 2, 16))
    assert shorter[name].std().item() == pytest.approx(0.02, rel=0.1)


@pytest.mark.usefixtures("library")
def test_a_classifier_s_folder_gives_its_body(tmp_path: Path) -> None:
    """The published weights are those of classifiers."""
    transformers = pytest.importorskip("transformers")
    given = transformers.ASTForAudioClassification(transformers.ASTConfig(**TINY_AST))
    given.save_pretrained(tmp_path)
    network = AST(128, 3, pretrained=str(tmp_path))
    assert network.origin == f"weights of {tmp_path}"
    body = given.audio_spectrogram_transformer.state_dict()
    layers = {name: weight for name, weight in body.items() if "layer" in name}
    loaded = network.body.state_dict()
    assert layers and all(torch.equal(loaded[name], weight) for name, weight in layers.items())


@pytest.mark.usefixtures("library")
def test_another_network_s_folder_is_an_error(tmp_path: Path) -> None:
    AST(128, 3, frames=46, config=TINY_AST).body.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"is of another network, without embedder"):
        ResNet50(32, 3, pretrained=str(tmp_path), config=TINY_RESNET)


@pytest.mark.usefixtures("library")
def test_a_folder_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pretrained: .*nowhere holds no config\.json"):
        ResNet50(32, 3, pretrained=str(tmp_path / "nowhere"))


@pytest.mark.usefixtures("library")
def test_published_weights_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "is_reachable", lambda name: False)
    pretrained.trace.cache_clear()
    with pytest.raises(ValueError, match=r"nobody/no-such-network is not in .* --pretrained no"):
        pretrained.load("ResNet", pretrained="hub", published="nobody/no-such-network")
    with pytest.raises(ValueError, match=r"nobody/no-such-network is not in .* --pretrained no"):
        pretrained.trace("hub", "nobody/no-such-network")
    assert pretrained.trace("no", "nobody/no-such-network") == ""


@pytest.mark.usefixtures("library")
def test_published_weights_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ResNet50(32, 3, config=TINY_RESNET).body
    snapshot = tmp_path / "models--somebody--net" / "snapshots" / "0123"
    (tmp_path / "models--somebody--net" / "refs").mkdir(parents=True)
    (tmp_path / "models--somebody--net" / "refs" / "main").write_text("0123")
    given.save_pretrained(snapshot)
    find = partial(pretrained.find_cached, cache=tmp_path)
    monkeypatch.setattr(pretrained, "find_cached", find)
    body, origin = pretrained.load("ResNet", pretrained="hub", published="somebody/net")
    assert origin == "weights of somebody/net, from the cache"
    expected = given.state_dict()
    assert all(torch.equal(expected[name], weight) for name, weight in body.state_dict().items())

    (snapshot / "model.safetensors").unlink()  # a download that broke off
    assert find("somebody/net") is None


@pytest.mark.usefixtures("library")
def test_a_hub_that_never_answers_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert not pretrained.is_reachable("a/b", endpoint=endpoint, timeout=0.1)
    assert not pretrained.is_reachable("a/b", endpoint=endpoint, timeout=0.1)  # refused

    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: True)
    assert not pretrained.is_reachable("a/b")


def test_a_missing_library_names_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match=r"-m pip install .*transformers"):
        ResNet50(32, 3)
