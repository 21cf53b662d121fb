// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/chunk.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace nnlock::lock {
namespace {

constexpr std::size_t kCacheBlock = std::size_t{128} << 10;  // tag and transform a block while it is in the second-level cache

const std::uint8_t* octets(std::span<const std::byte> bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
std::uint8_t* octets(std::span<std::byte> bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

bool has_numbers(Layout layout) { return layout == Layout::finite || layout == Layout::range || layout == Layout::block; }
bool has_draws(Layout layout) { return layout == Layout::finite || layout == Layout::block; }

Error unfit_kernel(kernels::Outcome outcome) {
  const char* name = std::getenv("NNLOCK_KERNEL");
  return Error{.code = ErrorCode::usage,
               .message = std::string("NNLOCK_KERNEL names ") + (name != nullptr ? name : "nothing") +
                          (outcome == kernels::Outcome::unknown_name ? ", which is no kernel" : ", which this CPU cannot run"),
               .hint = "`nnlock doctor` lists the kernels; unset NNLOCK_KERNEL to take the best one"};
}

}  // namespace

Result<KernelSet> choose_kernels(Suite suite) {
  const auto choice = kernels::choose(static_cast<kernels::Suite>(suite));
  if (!choice.ok()) return unfit_kernel(choice.outcome);
  const auto numbers = kernels::choose_numbers();
  if (!numbers.ok()) return unfit_kernel(numbers.outcome);
  return KernelSet{choice.kernel, numbers.kernel};
}

std::string kernel_names(const KernelSet& set, const Core& core) {
  const bool numbers = std::any_of(core.params.begin(), core.params.end(), [](const Parameter& p) { return has_numbers(p.layout); });
  return std::string(set.bytes->name) + (numbers ? std::string(",") + set.numbers->name : "");
}

void ChunkTransform::take_keys(std::size_t param) {
  if (keyed_param_ == param) return;
  const Layout layout = core_.params[param].layout;
  const auto expand = [this](std::optional<kernels::KeyState>& state, const SecretBytes& key) {
    set_.bytes->expand(octets(key.reveal()), state.emplace());
  };
  expand(tag_state_, keys_.tag_key(core_hash_, param));
  enc_state_.reset();
  aux_state_.reset();
  if (layout != Layout::plain) expand(enc_state_, keys_.encryption_key(core_hash_, param));
  if (has_draws(layout)) expand(aux_state_, keys_.auxiliary_key(core_hash_, param));
  keyed_param_ = param;
}

kernels::Streams ChunkTransform::streams() const {
  return {*set_.bytes, *set_.numbers, *enc_state_, aux_state_ ? *aux_state_ : *enc_state_};  // `range` does not look at the second one
}

// A tensor that stays plain because no element was finite must still be so: else weights would be written as they are.
bool ChunkTransform::still_without_numbers(const Parameter& p, std::span<const std::byte> block) const {
  if (p.element == 0) return true;
  const auto dtype = static_cast<kernels::Float>(p.element);
  kernels::FloatStats seen;
  set_.numbers->scan_floats(dtype, octets(block), block.size() / kernels::width_of(dtype), seen);
  return !seen.zero && seen.least_exponent == kernels::exponent_ones(dtype);
}

bool ChunkTransform::lock(const Parameter& p, std::uint64_t offset, std::span<std::byte> block) const {
  const std::uint8_t* const in = octets(block);
  std::uint8_t* const out = octets(block);
  switch (p.layout) {
    case Layout::plain: return still_without_numbers(p, block);
    case Layout::bytes: return set_.bytes->lock(*enc_state_, offset, in, out, block.size()), true;
    case Layout::finite: return kernels::lock_finite(streams(), p.finite(), offset, in, out, block.size());
    case Layout::range: return kernels::lock_range(streams(), p.range(), offset, in, out, block.size());
    case Layout::block: return kernels::lock_block(streams(), core_.blocks.at(p.block()), offset, in, out, block.size());
  }
  return false;
}

bool ChunkTransform::unlock(const Parameter& p, std::uint64_t offset, std::span<std::byte> block) const {
  const std::uint8_t* const in = octets(block);
  std::uint8_t* const out = octets(block);
  switch (p.layout) {
    case Layout::plain: return true;
    case Layout::bytes: return set_.bytes->unlock(*enc_state_, offset, in, out, block.size()), true;
    case Layout::finite: return kernels::unlock_finite(streams(), p.finite(), offset, in, out, block.size());
    case Layout::range: return kernels::unlock_range(streams(), p.range(), offset, in, out, block.size());
    case Layout::block: return kernels::unlock_block(streams(), core_.blocks.at(p.block()), offset, in, out, block.size());
  }
  return false;
}

bool ChunkTransform::holds(const Parameter& p, std::span<const std::byte> block) const {
  switch (p.layout) {
    case Layout::plain:
    case Layout::bytes: return true;
    case Layout::finite: return kernels::holds(*set_.numbers, p.finite(), octets(block), block.size());
    case Layout::range: return kernels::holds(*set_.numbers, p.range(), octets(block), block.size());
    case Layout::block: return kernels::holds(*set_.numbers, core_.blocks.at(p.block()), octets(block), block.size());
  }
  return false;
}

bool ChunkTransform::run(const Chunk& chunk, std::span<std::byte> bytes, std::span<std::byte> tag) {
  const Parameter& p = core_.params[chunk.param];
  take_keys(chunk.param);
  std::array<std::byte, 32> one_time_key{};
  set_.bytes->stream(*tag_state_, one_time_key_offset(core_.suite, chunk.index), octets(std::span<std::byte>(one_time_key)), one_time_key.size());
  tagger_.begin(one_time_key);
  kernels::wipe(one_time_key.data(), one_time_key.size());
  const std::size_t step = p.layout == Layout::block ? kCacheBlock - kCacheBlock % core_.blocks.at(p.block()).size : kCacheBlock;
  bool fits = true;
  for (std::size_t done = 0; done < bytes.size(); done += step) {
    const auto block = bytes.subspan(done, std::min(step, bytes.size() - done));
    const std::uint64_t offset = chunk.start + done;
    if (pass_ == Pass::lock) fits = lock(p, offset, block) && fits;
    if (pass_ == Pass::verify) fits = holds(p, block) && fits;
    if (pass_ != Pass::decoy) tagger_.update(block);
    if (pass_ == Pass::unlock || pass_ == Pass::decoy) fits = unlock(p, offset, block) && fits;
  }
  const Tag computed = tagger_.finish();
  if (pass_ == Pass::lock) std::copy(computed.begin(), computed.end(), tag.begin());
  if (pass_ == Pass::lock || pass_ == Pass::decoy) return fits;
  return keys::equal_constant_time(computed, tag) && fits;
}

}  // namespace nnlock::lock
