"""Makes true weight files and prints what the formats' own libraries read in them: weight_files.py FOLDER

Each repository becomes a folder below FOLDER. Printed is, by repository and file: for GGUF the number of elements and the
metadata (of long arrays, such as vocabularies, only the length), for safetensors the number of elements by data type.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Quantization
from gguf import LlamaFileType
from safetensors import TensorSpec, safe_open, serialize_file
from safetensors.numpy import save_file

LAYERS = 4
VOCABULARY = 40_000
EMBEDDING = 64
LONGEST_SHOWN_ARRAY = 16


def language_model(path, *, arch="llama", kv_heads=2, experts=0, vocabulary=256, big_endian=False, shards=1, **options):
    """A small model with grouped heads, all of the keys that a header of this kind has, and weights of two types."""
    endian = gguf.GGUFEndian.BIG if big_endian else gguf.GGUFEndian.LITTLE
    per_shard = -(-tensor_count(experts) // shards) if shards > 1 else 0
    writer = gguf.GGUFWriter(path, arch, endianess=endian, split_max_tensors=per_shard)
    writer.add_name("Tiny " + arch.title())
    writer.add_context_length(options.get("context", 32_768))
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(EMBEDDING)
    writer.add_feed_forward_length(128)
    writer.add_head_count(8)
    writer.add_head_count_kv(kv_heads)
    if "key_length" in options:
        writer.add_key_length(options["key_length"])
        writer.add_value_length(options["value_length"])
    if "sliding_window" in options:
        writer.add_sliding_window(options["sliding_window"])
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)
    writer.add_file_type(options.get("file_type", LlamaFileType.MOSTLY_Q8_0))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"token-{number}" for number in range(vocabulary)])
    writer.add_token_scores([0.5] * vocabulary)
    writer.add_token_types([1] * vocabulary)
    for name, shape in tensors(vocabulary, kv_heads, experts):
        add_tensor(writer, name, shape, endian)
    write(writer)


def tensors(vocabulary, kv_heads, experts):
    yield "token_embd.weight", (vocabulary, EMBEDDING)
    for layer in range(LAYERS):
        heads = kv_heads[layer] if isinstance(kv_heads, list) else kv_heads
        yield f"blk.{layer}.attn_norm.weight", (EMBEDDING,)
        yield f"blk.{layer}.attn_q.weight", (EMBEDDING, EMBEDDING)
        yield f"blk.{layer}.attn_k.weight", (heads * 8, EMBEDDING)
        if experts:
            yield f"blk.{layer}.ffn_gate_inp.weight", (experts, EMBEDDING)
            yield f"blk.{layer}.ffn_up_exps.weight", (experts, 128, EMBEDDING)
        else:
            yield f"blk.{layer}.ffn_up.weight", (128, EMBEDDING)
    yield "output_norm.weight", (EMBEDDING,)


def tensor_count(experts):
    return sum(1 for _ in tensors(1, 1, experts))


def add_tensor(writer, name, shape, endian):
    data = np.ones(shape, np.float32)
    if len(shape) == 1 or endian == gguf.GGUFEndian.BIG:
        writer.add_tensor(name, data)
    else:
        # Blocks of 32 elements in 34 bytes: an element count taken from byte counts would be wrong.
        writer.add_tensor(name, gguf.quants.quantize(data, Quantization.Q8_0), raw_dtype=Quantization.Q8_0)


def companion(path, arch="clip"):
    """A vision encoder or a draft model: a file beside the model that is none of its quantizations."""
    writer = gguf.GGUFWriter(path, arch)
    writer.add_name("Companion")
    writer.add_tensor("v.patch_embd.weight", np.ones((8, 32), np.float16))
    write(writer)


def write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_repos(root):
    def folder(name, *below):
        path = root.joinpath(name, *below)
        path.mkdir(parents=True)
        return path

    quants = folder("quants")
    for label, file_type in [("Q2_K", "MOSTLY_Q2_K"), ("Q4_K_M", "MOSTLY_Q4_K_M"), ("Q8_0", "MOSTLY_Q8_0")]:
        language_model(quants / f"Tiny-7B-Instruct.{label}.gguf", file_type=LlamaFileType[file_type])
    companion(quants / "mmproj-F16.gguf")
    companion(quants / "mtp-draft-Q8_0.gguf", "llama")
    companion(quants / "imatrix.gguf", "imatrix")
    moe = folder("moe") / "Tiny-8x7B-UD-Q4_K_XL.gguf"
    language_model(moe, arch="qwen3moe", experts=8, key_length=128, value_length=96)
    language_model(folder("layers") / "Tiny-Layers-Q6_K.gguf", arch="gemma3", kv_heads=[1, 2, 4, 8], sliding_window=512)
    language_model(folder("sharded", "Q5_K_M") / "Tiny-Q5_K_M.gguf", shards=3)
    language_model(folder("big-endian") / "Tiny-BE-F32.gguf", big_endian=True)
    # Its header is larger than what a first look reads.
    language_model(folder("vocabulary") / "Tiny-Vocabulary-Q8_0.gguf", vocabulary=VOCABULARY)
    version_2 = folder("version-2") / "Tiny-Old-Q8_0.gguf"
    language_model(version_2)
    # Versions 2 and 3 differ in nothing but the number where the byte order is little-endian.
    data = version_2.read_bytes()
    version_2.write_bytes(data[:4] + (2).to_bytes(4, "little") + data[8:])
    broken = folder("broken") / "Tiny-Broken-Q4_0.gguf"
    language_model(broken)
    # Says that it has more keys than anyone could read.
    data = broken.read_bytes()
    broken.write_bytes(data[:16] + (2**63).to_bytes(8, "little") + data[24:])


def safetensors_repos(root):
    for name, dtype in [("f32", np.float32), ("f16", np.float16), ("i8", np.int8)]:
        folder = root / f"tensors-{name}"
        folder.mkdir()
        save_file({"a": np.ones((3, 5, 7), dtype), "scalar": np.ones((), dtype)}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}))
    folder = root / "tensors-bf16"
    folder.mkdir()
    # numpy has no such type, but one of the same width.
    data = np.zeros((3, 5, 7), np.uint16)
    spec = TensorSpec(dtype="bfloat16", shape=data.shape, data_ptr=data.ctypes.data, data_len=data.nbytes)
    serialize_file({"a": spec}, folder / "model.safetensors")
    folder = root / "tensors-sharded"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}))
    weight_map = {}
    for shard in range(1, 4):
        file = f"model-{shard:05}-of-00003.safetensors"
        weight, scale = np.ones((11, shard), np.float16), np.ones(shard, np.float32)
        parts = {f"layer.{shard}.weight": weight, f"layer.{shard}.scale": scale}
        save_file(parts, folder / file, {"format": "pt"})
        weight_map |= dict.fromkeys(parts, file)
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def read_gguf(path):
    reader = gguf.GGUFReader(path)
    fields = {}
    for name, field in reader.fields.items():
        if not name.startswith("GGUF."):
            is_long = field.types[0] == gguf.GGUFValueType.ARRAY and len(field.data) > LONGEST_SHOWN_ARRAY
            fields[name] = {"length": len(field.data)} if is_long else field.contents()
    elements = sum(int(tensor.n_elements) for tensor in reader.tensors)
    return {"elements": elements, "tensors": len(reader.tensors), "fields": fields}


def read_safetensors(path):
    elements = {}
    with safe_open(path, "numpy") as file:
        for name in file.keys():
            tensor = file.get_slice(name)
            count = int(np.prod(tensor.get_shape(), dtype=np.int64))
            elements[tensor.get_dtype()] = elements.get(tensor.get_dtype(), 0) + count
    return {"elements": elements}


root = Path(sys.argv[1])
gguf_repos(root)
safetensors_repos(root)
facts = {}
for path in sorted(root.rglob("*")):
    repo, _, name = path.relative_to(root).as_posix().partition("/")
    if path.suffix == ".gguf" and repo != "broken":
        facts.setdefault(repo, {})[name] = read_gguf(path)
    elif path.suffix == ".safetensors":
        facts.setdefault(repo, {})[name] = read_safetensors(path)
print(json.dumps(facts, default=lambda value: value.item()))
