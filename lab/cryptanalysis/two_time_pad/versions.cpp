// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/two_time_pad/versions.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nnlock::lab {
namespace {

template <class T, class Moved>
void move_one(std::byte* place, const Moved& moved) {
  T value;
  std::memcpy(&value, place, sizeof value);
  value = moved(value);
  std::memcpy(place, &value, sizeof value);
}

class Tuner {
 public:
  Tuner(const FineTuning& how, Random random) : how_(how), random_(random) {}
  void move(Bytes& model, const ParamSpan& span) {
    const std::uint32_t width = element_width(span.dtype);
    for (std::uint64_t at = span.offset; at + width <= span.offset + span.length; at += width)
      if (random_.uniform() < how_.share) move(model.data() + at, span.dtype);
  }

 private:
  void move(std::byte* place, Dtype dtype) {
    switch (dtype) {
      case Dtype::i8: return move_one<std::int8_t>(place, [&](int w) { return static_cast<std::int8_t>(std::clamp(w + step(), -127, 127)); });
      case Dtype::u8: return move_one<std::uint8_t>(place, [&](int w) { return static_cast<std::uint8_t>(std::clamp(w + step(), 0, 255)); });
      case Dtype::i32: return move_one<std::int32_t>(place, [&](std::int32_t w) { return static_cast<std::int32_t>(std::lround(w * factor())); });
      case Dtype::f32: return move_one<float>(place, [&](float w) { return static_cast<float>(w * factor()); });
      default: return;  // no model of the cells has weights of other types
    }
  }
  int step() {
    const int size = 1 + static_cast<int>(random_.below(static_cast<std::uint64_t>(how_.step)));
    return random_.below(2) == 0 ? size : -size;
  }
  double factor() { return 1 + how_.relative * (2 * random_.uniform() - 1); }

  FineTuning how_;
  Random random_;
};

}  // namespace

Bytes fine_tuned(const Bytes& model, const FineTuning& how, Random random) {
  Bytes version = model;
  Tuner tuner(how, random);
  for (const ParamSpan& span : parameters_of(model)) tuner.move(version, span);
  return version;
}

std::vector<Weight> weights_of(const std::vector<MaskedStream::Piece>& pieces) {
  std::vector<Weight> weights;
  for (const auto& piece : pieces) {
    const std::uint32_t width = element_width(piece.span.dtype);
    for (std::uint64_t i = 0; i + width <= piece.span.length; i += width) weights.push_back({piece.at + i, width});
  }
  return weights;
}

Stream operator^(const Stream& a, const Stream& b) {
  Stream both(std::min(a.size(), b.size()));
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = a[i] ^ b[i];
  return both;
}

bool equal_at(const Weight& weight, const Stream& a, const Stream& b) {
  const auto from = a.begin() + static_cast<std::ptrdiff_t>(weight.at);
  return std::equal(from, from + weight.width, b.begin() + static_cast<std::ptrdiff_t>(weight.at));
}

}  // namespace nnlock::lab
