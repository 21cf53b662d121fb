# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts (spec/lock-v1.md section 5): what inspect() tells, and what locked models and decoys hold."""

import nnlock
import pytest
from conftest import import_or_skip, write_safetensors
from nnlock import FloatRing, IntegerRange

COUNT = 1000
NOT_FINITE = {"broken", "endless"}

# name: (layout, ring, range) of the tensors that plain_tensors() makes.
EXPECTED = {
    "f32": ("finite", FloatRing(-40, 2, zero=False, keeps_sign=False), None),
    "f16": ("finite", FloatRing(-14, 2, zero=True, keeps_sign=False), None),
    "bf16": ("finite", FloatRing(-40, 2, zero=False, keeps_sign=False), None),
    "f64": ("finite", FloatRing(-300, 2, zero=False, keeps_sign=True), None),
    "zeros": ("finite", FloatRing(None, None, zero=True, keeps_sign=True), None),
    "scalar": ("finite", FloatRing(-8, 5, zero=False, keeps_sign=True), None),
    "i32": ("range", None, IntegerRange(11, negative=True)),
    "i16": ("range", None, IntegerRange(7, negative=False)),
    "u32": ("range", None, IntegerRange(32, negative=False)),
    "i8": ("bytes", None, None),
    "broken": ("bytes", None, None),
    "endless": ("bytes", None, None),
}


def plain_tensors():
    """{name: (type in safetensors, array)}; bfloat16 as the upper halves of float32."""
    numpy = import_or_skip("numpy")
    rng = numpy.random.default_rng(20260)
    magnitudes = 2.0 ** rng.integers(-3, 3, COUNT) * (1 + rng.random(COUNT) / 2)
    magnitudes[:2] = 2.0**-3, 2.0**2
    floats = (magnitudes * rng.choice([-1, 1], COUNT)).astype(numpy.float32)
    with_zero, tiny, broken = floats.astype(numpy.float16), magnitudes.copy(), floats.copy()
    with_zero[5], tiny[5], broken[5] = 0, 2.0**-300, numpy.nan
    integers = rng.integers(-1024, 1024, COUNT, dtype=numpy.int32)
    integers[5] = -1025
    return {
        "f32": ("F32", floats), "f16": ("F16", with_zero), "bf16": ("BF16", (floats.view(numpy.uint32) >> 16).astype(numpy.uint16)),
        "f64": ("F64", tiny), "zeros": ("F32", numpy.zeros(COUNT, numpy.float32)), "scalar": ("F32", numpy.float32([33])),
        "i32": ("I32", integers), "i16": ("I16", (integers & 15).astype(numpy.int16)),
        "u32": ("U32", rng.integers(0, 2**32, COUNT, dtype=numpy.uint32)), "i8": ("I8", integers.astype(numpy.int8)),
        "broken": ("F32", broken), "endless": ("F16", numpy.resize(numpy.array([numpy.inf, 1], numpy.float16), COUNT)),
    }


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers.safetensors"
    write_safetensors(path, plain_tensors())
    return path


def values_of(content, param):
    """The elements of a parameter as numbers."""
    numpy = import_or_skip("numpy")
    kinds = {"f16": "<f2", "bf16": "<u2", "f32": "<f4", "f64": "<f8", "complex64": "<f4", "complex128": "<f8", "i16": "<i2",
             "u16": "<u2", "i32": "<i4", "u32": "<u4", "i64": "<i8", "u64": "<u8"}
    values = numpy.frombuffer(content[param.offset:param.offset + param.nbytes], kinds[param.dtype])
    return (values.astype(numpy.uint32) << 16).view(numpy.float32) if param.dtype == "bf16" else values


def keeps_to_its_layout(content, param):
    """Whether all elements are what the attributes of layout `finite` or `range` say."""
    numpy = import_or_skip("numpy")
    if param.range is not None:
        values = values_of(content, param).astype(object)
        return all((-2**param.range.bits if param.range.negative else 0) <= value < 2**param.range.bits for value in values)
    values, ring = values_of(content, param), param.ring
    _, exponents = numpy.frexp(values[numpy.abs(values) >= numpy.finfo(values.dtype).tiny].astype(numpy.float64))
    allowed = range(ring.low, ring.high + 1) if ring.low is not None else ()
    return (numpy.isfinite(values).all() and (ring.zero or len(exponents) == len(values)) and set(exponents - 1) <= set(allowed)
            and not (ring.keeps_sign and numpy.signbit(values).any()))


def locked_content(key, model, tmp_path, **options):
    """The bytes of the locked file in the coordinates of the plain one."""
    nnlock.lock(key, model, tmp_path / "side", sidecar=True, **options)
    return (tmp_path / "side").read_bytes()


def decoy_content(key, model, tmp_path, **options):
    nnlock.lock(key, model, tmp_path / "for-decoy", **options)
    with nnlock.unlock(nnlock.MasterKey.generate(), tmp_path / "for-decoy", decoy=True) as unlocked:
        assert not unlocked.report.key_fits
        return bytes(unlocked)


@pytest.mark.parametrize("suite", ["aes256", "chacha20"])
def test_inspect_tells_before_and_after(key, numbers, tmp_path, suite):
    before = nnlock.inspect(numbers)
    assert {p.name: (p.layout, p.ring, p.range) for p in before.params} == EXPECTED
    assert {p.name for p in before.params if p.reason} == NOT_FINITE and all("NaN" in p.reason for p in before.params if p.reason)
    report = nnlock.lock(key, numbers, tmp_path / "l", suite=suite, exclude=["i8"])
    assert report.layouts == nnlock.LayoutCounts(bytes=2, plain=1, finite=6, range=3, block=0)
    assert report.params == 11 and len(report.kernel.split(",")) == 2
    after = nnlock.inspect(tmp_path / "l")
    assert {p.name: (p.layout, p.ring, p.range) for p in after.params} == EXPECTED | {"i8": ("plain", None, None)}
    assert {p.name for p in after.params if p.reason} == NOT_FINITE
    with nnlock.unlock(key, tmp_path / "l") as unlocked:
        assert bytes(unlocked) == numbers.read_bytes()


@pytest.mark.parametrize("suite", ["aes256", "chacha20"])
@pytest.mark.parametrize("content_of", [locked_content, decoy_content])
def test_locked_and_wrongly_unlocked_numbers_keep_to_their_layout(key, numbers, tmp_path, suite, content_of):
    plain, content = numbers.read_bytes(), content_of(key, numbers, tmp_path, suite=suite)
    for p in nnlock.inspect(numbers).params:
        if p.ring is None and p.range is None:
            continue
        assert keeps_to_its_layout(content, p), p
        assert content[p.offset:p.offset + p.nbytes] != plain[p.offset:p.offset + p.nbytes], p.name


@pytest.mark.parametrize("content_of", [locked_content, decoy_content])
def test_models_keep_to_their_layouts(key, model, tmp_path, content_of):
    content, params = content_of(key, model, tmp_path), nnlock.inspect(model).params
    numbers = [p for p in params if p.ring is not None or p.range is not None]
    assert numbers or {p.dtype for p in params} <= {"i8", "u8"}
    for p in numbers:
        assert keeps_to_its_layout(content, p), p


def test_float_models_are_finite_and_int8_models_keep_small_biases(model):
    layouts = {(p.dtype, p.layout) for p in nnlock.inspect(model).params}
    assert layouts in ({("f32", "finite")}, {("i8", "bytes"), ("i32", "range")}, {("i8", "bytes"), ("u8", "bytes"), ("i32", "range")})


def test_a_locked_tensor_uses_its_whole_ring(key, numbers, tmp_path):
    numpy = import_or_skip("numpy")
    content = locked_content(key, numbers, tmp_path)
    by_name = {p.name: p for p in nnlock.inspect(numbers).params}
    _, exponents = numpy.frexp(values_of(content, by_name["f32"]))
    assert set(exponents - 1) == set(range(-40, 3))
    assert values_of(content, by_name["i32"]).min() < -1500 and values_of(content, by_name["i32"]).max() > 1500
    assert values_of(content, by_name["i16"]).max() > 100


def test_layout_bytes(key, numbers, tmp_path):
    numpy = import_or_skip("numpy")
    assert set(nnlock.lock(key, numbers, tmp_path / "auto").fallen_back) == NOT_FINITE
    report = nnlock.lock(key, numbers, tmp_path / "l", layout="bytes")
    assert report.fallen_back == ()
    assert report.layouts == nnlock.LayoutCounts(bytes=12, plain=0, finite=0, range=0, block=0) and "," not in report.kernel
    after = nnlock.inspect(tmp_path / "l").params
    assert {(p.layout, p.ring, p.range) for p in after} == {("bytes", None, None)}
    assert {p.name for p in after if p.reason} == {name for name, (_, ring, _) in EXPECTED.items() if ring} | NOT_FINITE
    with nnlock.unlock(key, tmp_path / "l") as unlocked:
        assert bytes(unlocked) == numbers.read_bytes()
    decoy = decoy_content(key, numbers, tmp_path, layout="bytes")
    by_name = {p.name: p for p in nnlock.inspect(numbers).params}
    assert not numpy.isfinite(values_of(decoy, by_name["f16"])).all()
    assert numpy.abs(values_of(decoy, by_name["i32"]).astype(numpy.int64)).max() > 2**28


def test_each_number_kernel_opens_what_the_others_locked(key, numbers, tmp_path, monkeypatch):
    names = [kernel["name"] for kernel in nnlock.doctor()["number_kernels"] if kernel["runnable"]]
    assert "numbers_portable" in names
    for first in names:
        monkeypatch.setenv("NNLOCK_KERNEL", f"{first},aes_ctr_portable")
        assert nnlock.lock(key, numbers, tmp_path / "l", force=True).kernel == f"aes_ctr_portable,{first}"
        assert [kernel["name"] for kernel in nnlock.doctor()["number_kernels"] if kernel["chosen"]] == [first]
        for second in names:
            monkeypatch.setenv("NNLOCK_KERNEL", second)
            with nnlock.unlock(key, tmp_path / "l") as unlocked:
                assert bytes(unlocked) == numbers.read_bytes() and unlocked.report.kernel.endswith("," + second)


@pytest.mark.parametrize("name", ["f32", "zeros", "i32", "i8", "broken"])
def test_damage_is_found_in_every_layout(key, numbers, tmp_path, name):
    content, side = bytearray(locked_content(key, numbers, tmp_path)), (tmp_path / "side.nnlock").read_bytes()
    param = next(p for p in nnlock.inspect(numbers).params if p.name == name)
    content[param.offset + param.nbytes - 1] ^= 0x40
    with pytest.raises(nnlock.TamperedError) as caught:
        nnlock.verify(key, bytes(content), sidecar=side)
    assert caught.value.tensor == name
