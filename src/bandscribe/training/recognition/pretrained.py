"""Networks of the `transformers` library, with random or pretrained weights.

`origin` identifies where the weights of a network are from.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from bandscribe.extras import install

#: What `pretrained` may be beside a folder: random weights, or those that the network's authors
#: published on the Hugging Face hub.
RANDOM, HUB = "no", "hub"

_TIMEOUT = 5.0  # seconds


def load(kind: str, *, pretrained: str, published: str, **config: Any) -> tuple[Any, str]:
    """The model `kind` + "Model" of `transformers`, and where its weights come from, in words.

    `pretrained` is `RANDOM`, a folder that `save_pretrained` wrote, or `HUB`: those of the name
    `published` on the hub, from its cache or, if the hub answers within five seconds, from there.
    `config` are entries of `kind` + "Config" that differ from what it, or the folder, has. Weights
    whose shapes they change are new, and the words name them.

    Raises ValueError when the library or the folder is missing, or holds another network's weights,
    and when neither the cache nor the hub has the published ones.
    """
    library = _library()
    make, configure = getattr(library, f"{kind}Model"), getattr(library, f"{kind}Config")
    if pretrained == RANDOM:
        return make(configure(**config)), "random weights"

    def read(source: str, name: str, *, local: bool = True) -> tuple[Any, str]:
        network, report = make.from_pretrained(
            source,
            config=configure.from_pretrained(source, local_files_only=local, **config),
            local_files_only=local,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype="float32",
        )
        changed = {entry[0] for entry in report["mismatched_keys"]}
        if missing := sorted(set(report["missing_keys"]) - changed):
            raise ValueError(f"pretrained: {source} is of another network, without {missing[0]}")
        return network, f"weights of {name}" + "".join(f", new {one}" for one in sorted(changed))

    if pretrained == HUB:
        if folder := find_cached(published):
            return read(folder, f"{published}, from the cache")
        _require_hub(published)
        return read(published, f"{published}, from the hub", local=False)
    if not (Path(pretrained) / "config.json").is_file():
        raise ValueError(
            f"pretrained: {pretrained} holds no config.json; expected {RANDOM}, {HUB} or a folder "
            "that save_pretrained wrote"
        )
    return read(pretrained, pretrained)


@cache  # the hub is queried once
def trace(pretrained: str, published: str) -> str:
    """The weights that `load` begins with: a digest or a name, or nothing for random ones.

    Raises ValueError where neither the cache nor the hub has the published ones.
    """
    if pretrained == RANDOM:
        return ""
    _library()
    if pretrained == HUB:
        if not find_cached(published):
            _require_hub(published)
        return published
    digest = hashlib.sha256()
    for path in sorted(Path(pretrained).glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def find_cached(name: str, *, cache: Path | None = None) -> str | None:
    """The folder with all of `name` in the hub's cache (its own where None), or None.

    The library's own way, `local_files_only` with a name, requests other files from the hub.
    """
    from huggingface_hub import try_to_load_from_cache

    config, weights = (
        try_to_load_from_cache(name, file, cache_dir=cache)
        for file in ("config.json", "model.safetensors")
    )
    if isinstance(config, str) and isinstance(weights, str):
        return str(Path(config).parent)
    return None


def is_reachable(name: str, *, endpoint: str | None = None, timeout: float = _TIMEOUT) -> bool:
    """Whether the hub at `endpoint` (its own where None) has `name`, by one request."""
    from huggingface_hub import hf_hub_url, is_offline_mode

    if is_offline_mode():
        return False
    url = hf_hub_url(name, "config.json", endpoint=endpoint)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=timeout):
            return True
    except (OSError, http.client.HTTPException):
        return False


def _require_hub(name: str) -> None:
    if not is_reachable(name):
        raise ValueError(
            f"pretrained: {name} is not in the hub's cache, and the hub cannot be reached; "
            f"--pretrained FOLDER begins with weights of a folder, --pretrained {RANDOM} with "
            "random ones"
        )


def _library() -> Any:
    try:
        return import_module("transformers")
    except ImportError:
        raise ValueError(f"this network needs transformers: {install('recognition')}") from None
