// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/short_period/columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lab/cryptanalysis/known_schedule/evidence.hpp"

namespace nnlock::lab {
namespace {

constexpr double kLeastInformation = 0.01;  // bits
constexpr double kPriorWeights = 100;       // the prior counts as much as so many weights of a tensor

using Values = std::array<double, 256>;

// What is known of one byte of the elements of one tensor.
struct Tensor {
  const BytePrior* prior = nullptr;  // null: nothing is, and nothing is learnt
  Values counts{};                   // of decoded bytes
  Values evidence{};                 // in bits; above 0 a value is likelier than in uniform bytes

  void refresh() {
    double sum = kPriorWeights;
    for (const double count : counts) sum += count;
    for (std::size_t value = 0; value < 256; ++value) evidence[value] = std::log2(256 * (counts[value] + kPriorWeights * (*prior)[value]) / sum);
  }
};

class Columns {
 public:
  Columns(const MaskedStream& stream, const std::vector<Prior>& priors, std::uint64_t period) : stream_(stream), period_(period), columns_(period) {
    for (const auto& piece : stream.pieces) {
      const auto prior = std::find_if(priors.begin(), priors.end(), [&](const Prior& one) { return one.dtype == piece.span.dtype; });
      std::vector<Tensor>& bytes = tensors_.emplace_back();
      for (std::size_t byte = 0; prior != priors.end() && byte < prior->width(); ++byte) {
        bytes.emplace_back();
        if (information(prior->bytes[byte]) < kLeastInformation) continue;
        bytes.back().prior = &prior->bytes[byte];
        bytes.back().refresh();
      }
    }
    for (std::uint64_t c = 0; c < period; ++c)
      walk(c, [&](Tensor&, std::uint8_t) { ++columns_[c].samples; });
  }

  // Draws each column anew, or takes the likeliest.
  void sweep(bool first, Random* random) {
    const std::uint64_t every = std::max<std::uint64_t>(1, period_ / kRefreshes);
    for (std::uint64_t c = 0; c < period_; ++c) {
      if (!first) count(c, -1);
      choose(c, random);
      count(c, 1);
      if (c % every == 0) refresh();
    }
  }

  // The XOR under which all weights together fit the prior best.
  void settle() {
    std::size_t best = 0;
    double most = -1e300;
    for (std::size_t shift = 0; shift < 256; ++shift) {
      double evidence = 0;
      for (const auto& bytes : tensors_)
        for (const Tensor& tensor : bytes)
          for (std::size_t value = 0; value < 256 && tensor.prior != nullptr; ++value) evidence += tensor.counts[value] * std::log2((*tensor.prior)[value ^ shift]);
      if (evidence > most) most = evidence, best = shift;
    }
    for (Column& column : columns_) column.key_byte = static_cast<std::uint8_t>(column.key_byte ^ best);
  }

  const std::vector<Column>& all() const { return columns_; }

 private:
  static constexpr std::uint64_t kRefreshes = 256;  // a sweep

  template <class PerByte>
  void walk(std::uint64_t column, const PerByte& per_byte) {
    for (std::size_t p = 0; p < stream_.pieces.size(); ++p) {
      const auto& piece = stream_.pieces[p];
      if (tensors_[p].empty()) continue;
      for (std::uint64_t i = piece.at + (column + period_ - piece.at % period_) % period_; i < piece.at + piece.span.length; i += period_)
        if (Tensor& tensor = tensors_[p][byte_class(piece, i, tensors_[p].size())]; tensor.prior != nullptr) per_byte(tensor, stream_.bytes[i]);
    }
  }
  void refresh() {
    for (auto& bytes : tensors_)
      for (Tensor& tensor : bytes)
        if (tensor.prior != nullptr) tensor.refresh();
  }
  void count(std::uint64_t c, double times) {
    walk(c, [&](Tensor& tensor, std::uint8_t masked) { tensor.counts[masked ^ columns_[c].key_byte] += times; });
  }
  void choose(std::uint64_t c, Random* random) {
    Values sums{};
    walk(c, [&](const Tensor& tensor, std::uint8_t masked) {
      for (std::size_t key = 0; key < 256; ++key) sums[key] += tensor.evidence[masked ^ key];
    });
    columns_[c].key_byte = random == nullptr ? static_cast<std::uint8_t>(std::max_element(sums.begin(), sums.end()) - sums.begin()) : drawn(sums, *random);
  }
  static std::uint8_t drawn(const Values& sums, Random& random) {
    const double most = *std::max_element(sums.begin(), sums.end());
    double total = 0;
    for (const double sum : sums) total += std::exp2(sum - most);
    double left = total * random.uniform();
    std::size_t key = 0;
    while (key < 255 && (left -= std::exp2(sums[key] - most)) >= 0) ++key;
    return static_cast<std::uint8_t>(key);
  }

  const MaskedStream& stream_;
  std::uint64_t period_;
  std::vector<Column> columns_;
  std::vector<std::vector<Tensor>> tensors_;  // of each piece, for each byte of an element; none where nothing is known
};

}  // namespace

Prior stored_prior(Dtype dtype) {
  constexpr double kLargest = 0.003, kZero = 0.02;
  Prior prior = generic_prior(dtype);
  for (BytePrior& byte : prior.bytes) {
    for (double& p : byte) p *= 1 - kZero - (dtype == Dtype::i8 ? 2 * kLargest : 0);
    byte[0] += kZero;
    if (dtype == Dtype::i8)
      for (const int largest : {127, -127}) byte[static_cast<std::uint8_t>(largest)] += kLargest;
  }
  prior.source = "generic, with zeros" + std::string(dtype == Dtype::i8 ? " and the largest of each channel" : "");
  return prior;
}

Prior bias_prior() {
  constexpr double kRest[] = {1, 1, 0.4, 0.01};  // of values that are not all zeros or all ones
  Prior prior{.dtype = Dtype::i32, .bytes = {}, .penalties = {}, .source = "small integers"};
  for (const double rest : kRest) {
    BytePrior& byte = prior.bytes.emplace_back();
    byte.fill(rest / 256);
    byte[0] += (1 - rest) / 2, byte[255] += (1 - rest) / 2;
  }
  return prior;
}

std::vector<Column> recover_columns(const MaskedStream& stream, const std::vector<Prior>& priors, std::uint64_t period, unsigned sweeps, Random& random) {
  Columns columns(stream, priors, period);
  for (unsigned sweep = 0; sweep < sweeps; ++sweep) columns.sweep(sweep == 0, sweep + 1 < sweeps ? &random : nullptr);
  if (priors.front().width() == 1) columns.settle();
  return columns.all();
}

KeyStream repeated(const std::vector<Column>& columns) {
  return [&columns](std::uint64_t length) {
    std::vector<std::uint8_t> stream(length);
    for (std::uint64_t i = 0; i < length; ++i) stream[i] = columns[i % columns.size()].key_byte;
    return stream;
  };
}

}  // namespace nnlock::lab
