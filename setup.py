"""Installs the package nmt: pip install -e . (or -e '.[EXTRA]', see extras_require)."""

from setuptools import find_packages, setup

setup(
  name="nmt",
  version="0.1.0",
  description="Neural machine translation by jointly learning to align and translate, in JAX/Flax",
  license="Apache-2.0",
  license_files=["LICENSE"],
  packages=find_packages(include=["nmt", "nmt.*"]),
  package_data={"": ["*.txt", "*.tsv", "*.json", "*.html", "*.j2", "*.css", "*.js"]},
  python_requires=">=3.11",
  install_requires=[
    "absl-py>=2.1",
    "array_record>=0.8.1",
    "flax>=0.12.5",
    "grain>=0.2.12",
    "importlib_resources>=6.4",  # tensorflow-datasets imports it without saying so
    "jax>=0.10",
    "jaxtyping>=0.3",
    "jinja2>=3.1",
    "matplotlib>=3.11",  # shapes Arabic and Hindi
    "ml-collections>=1.0",
    "numpy>=2.0",
    "optax>=0.2.6",
    "orbax-checkpoint>=0.11.30",
    "pillow>=9",  # matplotlib needs it as well
    "pyyaml>=6",
    "rich>=13.7",
    "sacrebleu>=2.4",
    "sacremoses>=0.1.1",
    "safetensors>=0.5",
    "scipy>=1.13",  # Student's t; jax needs it as well
    "sentencepiece>=0.2",
    "tensorboardX>=2.6",
    "tensorflow-datasets>=4.9.9",
    "treescope>=0.1.9",
  ],
  extras_require={
    "test": [
      "beartype>=0.22",
      "mypy>=1.15",
      "pytest>=8.3",
      "pytest-timeout>=2.3",
      "pytest-xdist>=3.6",
      "ruff>=0.9",
    ],
    "cuda": ["jax[cuda12]"],  # as in jax, the same as cuda12
    "cuda12": ["jax[cuda12]"],
    "cuda13": ["jax[cuda13]"],
    "tpu": ["jax[tpu]"],
    # What tests of the manifests for Kubernetes and SkyPilot compare them with.
    "clusters": ["kubeflow-trainer-api>=2.3", "kubernetes-validate>=1.37", "skypilot>=0.14"],
    "reports": ["tensorboard>=2.18"],  # shows the event files that a run writes
    "notebook": ["ipykernel>=6.29", "notebook>=7"],  # docs/analysis.ipynb
    # What experiments/benchmarks/speed compares with; then: pip install --no-deps joeynmt==2.3.0,
    # which asks for a protobuf that is too old for everything else.
    "peers": [
      "torch==2.13.0",
      "importlib-metadata>=8",
      "subword-nmt>=0.3.8",
      "tensorboard>=2.18",
      "tqdm>=4.66",
    ],
  },
)
