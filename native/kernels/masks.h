// Zoneout and recurrent dropout: their masks for one row and step.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "elman/contract.h"
#include "kernels/philox.h"
#include "kernels/plan.h"

namespace elman::ELMAN_ISA {
namespace {

enum class Stream : std::uint32_t { hidden = 0, cell = 1, dropout = 2 };

template <typename Real>
class Masks {
 public:
  explicit Masks(const Recurrence<Real>& what) : what_(what) {}

  // The share of what is new in each of `units` entries: 1 or 0, or without keys between them.
  void zone(Real* share, Size units, Size row, Size step, Stream stream) const {
    const double rate = stream == Stream::cell ? what_.zoneout_cell : what_.zoneout_hidden;
    if (what_.noise_keys == nullptr) {
      for (Size unit = 0; unit < units; ++unit) share[unit] = static_cast<Real>(1 - rate);
      return;
    }
    draw(share, units, row, what_.noise_steps[row] + step, rate, stream);
  }

  // values · mask / (1 - rate); without keys, the values. `out` may be `values`.
  void drop(Real* out, const Real* values, Size row, Size step, const Sizes<Real>& sizes,
            Real* mask) const {
    if (what_.noise_keys == nullptr) {
      if (out != values) copy(out, values, sizes.states);
      return;
    }
    const double rate = what_.recurrent_dropout;
    const std::int64_t at = what_.variational ? 0 : what_.noise_steps[row] + step;
    draw(mask, sizes.recurrent, row, at, rate, Stream::dropout);
    for (Size unit = 0; unit < sizes.states; unit += lanes<Real>) {
      store(out + unit, load(values + unit) * load(mask + unit) / static_cast<Real>(1 - rate));
    }
  }

 private:
  void draw(Real* mask, Size units, Size row, std::int64_t step, double rate, Stream stream) const {
    const auto threshold = static_cast<std::uint32_t>(rate * 16777216.0 + 0.5);
    keep_mask(mask, units, what_.noise_keys[row], step, static_cast<std::uint32_t>(stream),
              threshold);
  }

  const Recurrence<Real>& what_;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
