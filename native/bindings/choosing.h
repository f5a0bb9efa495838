// The token that follows, of a row's scores: elman/decoding says what is drawn, and this has its
// bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "elman/isa.h"

namespace elman::python {

struct Chosen {
  std::int64_t token = -1;  // none: the scores are not finite, or nothing is allowed
  double log_probability = 0;
};

class Choice {
 public:
  // `temperature` 0: the most probable token. `never`: tokens that are not written, each in 0…V-1.
  Choice(const Isa& isa, std::ptrdiff_t count, double temperature, const std::int64_t* never,
         std::ptrdiff_t banned)
      : isa_(isa), temperature_(temperature), never_(never, never + banned) {
    const auto size = static_cast<std::size_t>(count);
    for (auto* each : {&values_, &weights_, &drawn_}) each->resize(size);
  }

  template <typename Real>
  Chosen of(const Real* scores, double uniform) {
    std::copy_n(scores, values_.size(), values_.begin());
    const double sum = isa_.weigh(values_.data(), size(), weights_.data());
    if (!std::isfinite(sum)) return {};
    const std::int64_t token = temperature_ == 0 ? most() : draw(uniform);
    if (token < 0) return {};
    return {token, values_[static_cast<std::size_t>(token)] - std::log(sum)};
  }

 private:
  static constexpr double nothing = -std::numeric_limits<double>::infinity();

  std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(values_.size()); }

  void ban(std::vector<double>& from, double value) const {
    for (const std::int64_t token : never_) from[static_cast<std::size_t>(token)] = value;
  }

  std::int64_t most() {
    ban(values_, nothing);
    const auto place = std::max_element(values_.begin(), values_.end());
    return *place == nothing ? -1 : place - values_.begin();
  }

  std::int64_t draw(double uniform) {
    const bool likeliest = std::any_of(never_.begin(), never_.end(), [&](std::int64_t token) {
      return values_[static_cast<std::size_t>(token)] == 0;
    });
    if (likeliest || temperature_ != 1) {
      drawn_ = values_;
      ban(drawn_, nothing);
      const double top = *std::max_element(drawn_.begin(), drawn_.end());
      if (top == nothing) return -1;
      if (likeliest) {
        for (double& value : drawn_) value -= top;
      }
      if (temperature_ != 1) {
        for (double& value : drawn_) value /= temperature_;
      }
      isa_.powers(drawn_.data(), size(), weights_.data());
    } else {
      ban(weights_, 0);
    }
    double height = 0;
    for (double& weight : weights_) weight = height += weight;
    // Below the whole height, whatever rounding makes of it: the last token is one that can be.
    const double place = std::min(uniform * height, std::nextafter(height, 0.0));
    return std::upper_bound(weights_.begin(), weights_.end(), place) - weights_.begin();
  }

  const Isa& isa_;
  const double temperature_;
  const std::vector<std::int64_t> never_;
  std::vector<double> values_, weights_, drawn_;
};

// The `most` greatest of `values`, the greatest first and the first among equals, without -inf;
// gives how many they are.
inline std::ptrdiff_t greatest(const double* values, std::ptrdiff_t count, std::ptrdiff_t most,
                               std::int64_t* places, double* found) {
  std::ptrdiff_t kept = 0;
  double least = -std::numeric_limits<double>::infinity();
  constexpr std::ptrdiff_t together = 16;  // are passed over at once, where none is greater
  for (std::ptrdiff_t k = 0; k < count; ++k) {
    while (k + together <= count) {
      int greater = 0;
      for (std::ptrdiff_t j = 0; j < together; ++j) greater += values[k + j] > least;
      if (greater != 0) break;
      k += together;
    }
    if (k == count) break;
    if (!(values[k] > least)) continue;
    std::ptrdiff_t place = kept < most ? kept++ : most - 1;
    for (; place > 0 && found[place - 1] < values[k]; --place) {
      found[place] = found[place - 1];
      places[place] = places[place - 1];
    }
    found[place] = values[k];
    places[place] = k;
    if (kept == most) least = found[most - 1];
  }
  return kept;
}

}  // namespace elman::python
