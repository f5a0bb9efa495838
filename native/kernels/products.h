// Matrix products whose sums run in a fixed order, and the scratch memory of a call.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

// ---- scratch memory -----------------------------------------------------------------------------

// Hands out parts of the caller's workspace; over null it only measures.
class Arena {
 public:
  explicit Arena(void* base) : base_(static_cast<char*>(base)) {}

  template <typename T>
  T* take(Size count) {
    T* part = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ = up_to(used_ + count * static_cast<Size>(sizeof(T)), 64);
    return part;
  }
  std::size_t used() const { return static_cast<std::size_t>(used_); }

 private:
  char* base_;
  Size used_ = 0;
};

template <typename Real>
Real* take_packed(Arena& arena, Size depth, Size columns) {
  return arena.take<Real>(up_to(columns, panel_width<Real>) * depth);
}

// ---- matrix products ----------------------------------------------------------------------------

// Panels of `panel_width` columns, each [depth, panel_width], filled up with zeros: entry (k, j) of
// the matrix stands at weight[k * depth_stride + j * column_stride].
template <typename Real>
void pack(Real* packed, const Real* weight, Size depth, Size columns, Size depth_stride,
          Size column_stride) {
  for (Size first = 0; first < columns; first += panel_width<Real>) {
    for (Size k = 0; k < depth; ++k) {
      for (Size j = first; j < first + panel_width<Real>; ++j) {
        *packed++ = j < columns ? weight[k * depth_stride + j * column_stride] : Real(0);
      }
    }
  }
}

// `height` rows by one panel. Each sum runs over k upwards from zero, whatever the tile's height.
template <int height, typename Real, typename Source, typename Use>
ELMAN_INLINE void tile(Size row, const Real* panel, Size depth, Size first, Size columns,
                       const Source& source, const Use& use) {
  Vector<Real> left[height] = {};
  Vector<Real> right[height] = {};
  const Real* rows[height];
  for (int r = 0; r < height; ++r) rows[r] = source(row + r);
  for (Size k = 0; k < depth; ++k, panel += panel_width<Real>) {
    const Vector<Real> left_weights = load(panel);
    const Vector<Real> right_weights = load(panel + lanes<Real>);
#pragma GCC unroll 12
    for (int r = 0; r < height; ++r) {
      left[r] += rows[r][k] * left_weights;
      right[r] += rows[r][k] * right_weights;
    }
  }
  const Size middle = first + lanes<Real>;
  for (int r = 0; r < height; ++r) {
    use(row + r, first, columns - first, left[r]);
    if (middle < columns) use(row + r, middle, columns - middle, right[r]);
  }
}

// Rows source(0), …, source(count-1) times a packed matrix. `use(row, column, count, sums)` gets
// the sums of one row from that column on; the first `count` of them count.
template <typename Real, typename Source, typename Use>
ELMAN_INLINE void multiply(Size count, const Real* packed, Size depth, Size columns,
                           const Source& source, const Use& use) {
  for (Size first = 0; first < columns; first += panel_width<Real>) {
    const Real* panel = packed + first * depth;
    Size row = 0;
    for (; row + tall_tile <= count; row += tall_tile) {
      tile<tall_tile>(row, panel, depth, first, columns, source, use);
    }
    for (; row + short_tile <= count; row += short_tile) {
      tile<short_tile>(row, panel, depth, first, columns, source, use);
    }
    if (row < count) tile<1>(row, panel, depth, first, columns, source, use);
  }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
