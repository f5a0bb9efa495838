// Matrix products whose sums run in a fixed order, and the scratch memory of a call.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

// ---- scratch memory -----------------------------------------------------------------------------

// Hands out parts of a block of memory; over null it only measures.
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

// ---- tiles --------------------------------------------------------------------------------------

// A product is computed in tiles of up to `tall` rows by one panel of up to `wide` vectors of
// columns. Only so many sums fit into the registers beside the entries and weights that they are
// made of: a tile that has more is taken in halves, which still keep the processor busy. A panel of
// four vectors then consists of two strips, each dense, so that half a panel fills all of the near
// cache; a tile of a panel of three is less tall (`tallest`), or halved by rows.
constexpr int tall = 6;
constexpr int wide = 4;
constexpr int sums_at_once = register_count >= 32 ? tall * wide : 12;

// How many vectors of each row of a panel lie together.
constexpr int strip_of(int width) {
  return width == wide && tall * wide > sums_at_once ? wide / 2 : width;
}

// Vector j of a row of a panel whose strips are `depth` rows of `strip` vectors.
template <int strip, typename Real>
ELMAN_INLINE Vector<Real> weights_at(const Real* row, int j, Size depth) {
  return load(row + j / strip * strip * lanes<Real> * depth + j % strip * lanes<Real>);
}

// sums[r] = start[r] + Σ_k rows[r][k · row_step] · panel[k]. Each sum runs over k upwards, whatever
// the tile's shape.
template <typename Real>
struct Tile {
  const Real* start;  // null for zero
  Size start_stride;  // from row to row; 0: the same for all
  const Real* const* rows;
  Size row_step;
  const Real* panel;        // [strip, its depth, its vectors]
  Size panel_depth, depth;  // the latter is how much of it is multiplied
  Real* sums;
  Size sums_stride;
};

// One entry of each row times one row of the panel. What there are fewer of, entries or weights,
// waits in registers for the others.
template <int strip, int height, int width, typename Real>
ELMAN_INLINE void add_products(Vector<Real> (&sums)[height][width],
                               const Real* const (&rows)[height], Size at, const Real* panel,
                               Size panel_depth) {
  if constexpr (height >= width) {
    Vector<Real> weights[width];
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) {
      weights[j] = weights_at<strip>(panel, j, panel_depth);
      in_register(weights[j]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < height; ++r) {
      const Real entry = rows[r][at];
#pragma GCC unroll 8
      for (int j = 0; j < width; ++j) sums[r][j] += entry * weights[j];
    }
  } else {
    Vector<Real> entries[height];
#pragma GCC unroll 8
    for (int r = 0; r < height; ++r) {
      entries[r] = Vector<Real>{} + rows[r][at];
      in_register(entries[r]);
    }
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) {
      Vector<Real> weight = weights_at<strip>(panel, j, panel_depth);
      in_register(weight);
#pragma GCC unroll 8
      for (int r = 0; r < height; ++r) sums[r][j] += entries[r] * weight;
    }
  }
}

// A tile as a whole, of `width` vectors in strips of `strip`.
template <int height, int width, int strip, typename Real>
ELMAN_INLINE void compute_part(const Tile<Real>& tile) {
  static_assert(height * width <= sums_at_once);
  Vector<Real> sums[height][width];
#pragma GCC unroll 8
  for (int r = 0; r < height; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) {
      sums[r][j] = tile.start == nullptr
                       ? Vector<Real>{}
                       : load(tile.start + r * tile.start_stride + j * lanes<Real>);
    }
  }
  const Real* rows[height];
#pragma GCC unroll 8
  for (int r = 0; r < height; ++r) rows[r] = tile.rows[r];
  const Real* panel = tile.panel;
  const Size end = tile.depth * tile.row_step;
  for (Size at = 0; at < end; at += tile.row_step, panel += strip * lanes<Real>) {
    add_products<strip>(sums, rows, at, panel, tile.panel_depth);
  }
#pragma GCC unroll 8
  for (int r = 0; r < height; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) {
      store(tile.sums + r * tile.sums_stride + j * lanes<Real>, sums[r][j]);
    }
  }
}

// The tile without its first `rows` rows and its first strips, of `vectors` together.
template <typename Real>
Tile<Real> rest_of(Tile<Real> tile, int rows, int vectors) {
  const Size columns = vectors * lanes<Real>;
  if (tile.start != nullptr) tile.start += rows * tile.start_stride + columns;
  tile.rows += rows;
  tile.panel += tile.panel_depth * columns;
  tile.sums += rows * tile.sums_stride + columns;
  return tile;
}

template <int height, int width, typename Real>
void compute(const Tile<Real>& tile) {
  constexpr int strip = strip_of(width);
  if constexpr (height * width <= sums_at_once) {
    compute_part<height, width, strip>(tile);
  } else if constexpr (strip < width) {
    compute_part<height, strip, strip>(tile);
    compute_part<height, strip, strip>(rest_of(tile, 0, strip));
  } else {
    constexpr int first = (height + 1) / 2;
    compute_part<first, width, strip>(tile);
    compute_part<height - first, width, strip>(rest_of(tile, first, 0));
  }
}

template <typename Real, int height>
void compute_wide(const Tile<Real>& tile, int width) {
  switch (width) {
    case 1:
      return compute<height, 1>(tile);
    case 2:
      return compute<height, 2>(tile);
    case 3:
      return compute<height, 3>(tile);
    default:
      return compute<height, 4>(tile);
  }
}

template <typename Real>
void compute(const Tile<Real>& tile, Size height, int width) {
  static_assert(tall == 6);
  switch (height) {
    case 1:
      return compute_wide<Real, 1>(tile, width);
    case 2:
      return compute_wide<Real, 2>(tile, width);
    case 3:
      return compute_wide<Real, 3>(tile, width);
    case 4:
      return compute_wide<Real, 4>(tile, width);
    case 5:
      return compute_wide<Real, 5>(tile, width);
    default:
      return compute_wide<Real, 6>(tile, width);
  }
}

// How tall a tile of a panel should be: what need not be halved by rows keeps each weight longer.
constexpr int tallest(int width) {
  return strip_of(width) == width && tall * width > sums_at_once ? sums_at_once / width : tall;
}

// Cuts `count` rows into tiles of nearly the same height: a tile of one row costs as much as one
// of two.
class Tiling {
 public:
  explicit Tiling(Size count, int width = wide)
      : tiles_((count + tallest(width) - 1) / tallest(width)),
        height_(0),
        larger_(0),
        left_(count) {
    if (tiles_ == 0) return;
    height_ = count / tiles_;
    larger_ = count % tiles_;
  }
  bool next() {
    first_ += size_;
    size_ = larger_-- > 0 ? height_ + 1 : height_;
    if (size_ > left_) size_ = left_;
    left_ -= size_;
    return size_ > 0;
  }
  Size first() const { return first_; }
  Size size() const { return size_; }

 private:
  Size tiles_, height_, larger_, left_;
  Size first_ = 0, size_ = 0;
};

// ---- matrices -----------------------------------------------------------------------------------

// A matrix [depth, vectors · lanes] in panels of `width` vectors of columns (the last one may be
// narrower), each in dense strips: [strip, depth, its vectors].
template <typename Real>
struct Packed {
  Real* data;
  Size depth, vectors;
  int width;

  Packed(Arena& arena, Size depth_, Size vectors_, int width_ = wide)
      : data(arena.take<Real>(depth_ * vectors_ * lanes<Real>)),
        depth(depth_),
        vectors(vectors_),
        width(width_) {}
  Size panels() const { return (vectors + width - 1) / width; }
  int width_of(Size panel) const {
    const Size left = vectors - panel * width;
    return left < width ? static_cast<int>(left) : width;
  }
  Real* panel(Size k) const { return data + k * width * lanes<Real> * depth; }
  // Where the column of vectors v begins, and how far one is from the next.
  Real* column(Size v, Size& step) const {
    const Size p = v / width, strip = strip_of(width_of(p)), j = v % width;
    step = strip * lanes<Real>;
    return panel(p) + j / strip * depth * step + j % strip * lanes<Real>;
  }
  // Writes row k of the matrix: values(v) is its v-th vector.
  template <typename Values>
  ELMAN_INLINE void put_row(Size k, const Values& values) const {
    for (Size p = 0, v = 0; v < vectors; ++p) {
      const Size count = width_of(p), strip = strip_of(static_cast<int>(count));
      Real* to = panel(p) + k * strip * lanes<Real>;
      for (Size j = 0; j < count; j += strip, to += depth * strip * lanes<Real>) {
        for (Size i = 0; i < strip; ++i, ++v) store(to + i * lanes<Real>, values(v));
      }
    }
  }
};

// Within each 16 bytes: the low halves of two vectors, entry by entry in turn, and the high ones.
template <typename V>
ELMAN_INLINE void interleave(V& low, V& high) {
  const V a = low, b = high;
  constexpr int count = sizeof(V) / sizeof(a[0]);
  if constexpr (sizeof(a[0]) == 4 && count == 16) {
    low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    high =
        __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  } else if constexpr (sizeof(a[0]) == 4 && count == 8) {
    low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    high = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  } else if constexpr (sizeof(a[0]) == 4) {
    low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  } else if constexpr (count == 8) {
    low = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    high = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  } else if constexpr (count == 4) {
    low = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    high = __builtin_shufflevector(a, b, 1, 5, 3, 7);
  } else {
    low = __builtin_shufflevector(a, b, 0, 2);
    high = __builtin_shufflevector(a, b, 1, 3);
  }
}

// Entries in 16 bytes: what is transposed at once, for moving between such pieces of a vector takes
// longer than within them.
template <typename Real>
constexpr Size piece = 16 / sizeof(Real);

// What piece(0), piece(1)… give, one after the other.
template <typename Real, typename Piece>
ELMAN_INLINE Vector<Real> joined(const Piece& piece_of) {
  if constexpr (lanes<Real> == piece<Real>) {
    return piece_of(0);
  } else {
    typedef Real Double __attribute__((vector_size(32)));
    const auto pair = [&](Size m) -> Double {
      const auto a = piece_of(m), b = piece_of(m + 1);
      if constexpr (sizeof(Real) == 4) {
        return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
      } else {
        return __builtin_shufflevector(a, b, 0, 1, 2, 3);
      }
    };
    if constexpr (vector_bytes == 32) {
      return pair(0);
    } else if constexpr (sizeof(Real) == 4) {
      return __builtin_shufflevector(pair(0), pair(2), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                     14, 15);
    } else {
      return __builtin_shufflevector(pair(0), pair(2), 0, 1, 2, 3, 4, 5, 6, 7);
    }
  }
}

// `count` rows, at most as many as a piece has entries, of as many columns as a vector has lanes:
// column j stands at from[j] + k (zeros where from[j] is null), row i goes to to + i · step.
template <typename Real>
ELMAN_INLINE void pack_block(const Real* const (&from)[lanes<Real>], Size k, Size count, Real* to,
                             Size step) {
  constexpr Size P = piece<Real>;
  typedef Real Piece __attribute__((vector_size(16)));
  Vector<Real> rows[P];
#pragma GCC unroll 4
  for (Size j = 0; j < P; ++j) {
    rows[j] = joined<Real>([&](Size m) {
      Piece entries = {};
      const Real* column = from[m * P + j];
      if (column != nullptr) {
        __builtin_memcpy(&entries, column + k, static_cast<std::size_t>(count) * sizeof(Real));
      }
      return entries;
    });
  }
  if constexpr (P == 4) {
    interleave(rows[0], rows[1]);
    interleave(rows[2], rows[3]);
    using Pairs = Vector<double>;
    Pairs low[] = {(Pairs)rows[0], (Pairs)rows[2]}, high[] = {(Pairs)rows[1], (Pairs)rows[3]};
    interleave(low[0], low[1]);
    interleave(high[0], high[1]);
    for (Size k = 0; k < 2; ++k) rows[k] = (Vector<Real>)low[k];
    for (Size k = 0; k < 2; ++k) rows[2 + k] = (Vector<Real>)high[k];
  } else {
    interleave(rows[0], rows[1]);
  }
#pragma GCC unroll 4
  for (Size i = 0; i < P; ++i) {
    if (i < count) store(to + i * step, rows[i]);
  }
}

// Column j of the matrix is what stands at column(j); zeros where it is null.
template <typename Real, typename Column>
void pack_columns(const Packed<Real>& packed, const Column& column) {
  constexpr Size L = lanes<Real>, P = piece<Real>;
  for (Size v = 0; v < packed.vectors; ++v) {
    const Real* from[L];
    for (Size j = 0; j < L; ++j) from[j] = column(v * L + j);
    Size step, k = 0;
    Real* to = packed.column(v, step);
    for (; k + P <= packed.depth; k += P) pack_block<Real>(from, k, P, to + k * step, step);
    if (k < packed.depth) pack_block<Real>(from, k, packed.depth - k, to + k * step, step);
  }
}

// Row k of the matrix is what stands at row(k), `count` entries and then zeros; zeros where it is
// null.
template <typename Real, typename Row>
void pack_rows(const Packed<Real>& packed, Size count, const Row& row) {
  for (Size k = 0; k < packed.depth; ++k) {
    const Real* from = row(k);
    packed.put_row(k, [&](Size v) {
      const Size left = count - v * lanes<Real>;
      return from == nullptr ? Vector<Real>{} : load(from + v * lanes<Real>, left);
    });
  }
}

// One row times two panels that follow each other: alone, a panel has too few sums to keep the
// processor busy while each waits for its last addition.
template <int first, int second, typename Real>
void compute_pair(const Tile<Real>& tile) {
  constexpr int width = first + second, strip = strip_of(first), second_strip = strip_of(second);
  Vector<Real> sums[width];
#pragma GCC unroll 8
  for (int j = 0; j < width; ++j) {
    sums[j] = tile.start == nullptr ? Vector<Real>{} : load(tile.start + j * lanes<Real>);
  }
  const Real *row = tile.rows[0], *panel = tile.panel;
  const Real* next = panel + tile.panel_depth * first * lanes<Real>;
  for (Size k = 0; k < tile.depth; ++k) {
    const Real entry = row[k * tile.row_step];
#pragma GCC unroll 8
    for (int j = 0; j < first; ++j) {
      sums[j] += entry * weights_at<strip>(panel, j, tile.panel_depth);
    }
#pragma GCC unroll 8
    for (int j = 0; j < second; ++j) {
      sums[first + j] += entry * weights_at<second_strip>(next, j, tile.panel_depth);
    }
    panel += strip * lanes<Real>;
    next += second_strip * lanes<Real>;
  }
#pragma GCC unroll 8
  for (int j = 0; j < width; ++j) store(tile.sums + j * lanes<Real>, sums[j]);
}

template <int first, typename Real>
void compute_pair(const Tile<Real>& tile, int second) {
  switch (second) {
    case 1:
      return compute_pair<first, 1>(tile);
    case 2:
      return compute_pair<first, 2>(tile);
    case 3:
      return compute_pair<first, 3>(tile);
    default:
      return compute_pair<first, first>(tile);
  }
}

// Some panels of a matrix that follow each other.
struct Panels {
  Size first, end;

  // How many are taken at once from `panel` on: for one row two, if there are.
  int at_once(Size panel, Size rows) const { return rows == 1 && panel + 1 < end ? 2 : 1; }
};

// A tile of `panels` panels of the matrix, one or two, the first of them `panel`.
template <typename Real>
void compute_panels(const Packed<Real>& matrix, Size panel, int panels, Size height,
                    Tile<Real> tile) {
  tile.panel = matrix.panel(panel);
  tile.panel_depth = tile.depth = matrix.depth;
  if (panels == 1) return compute(tile, height, matrix.width_of(panel));
  const int second = matrix.width_of(panel + 1);
  matrix.width == 3 ? compute_pair<3>(tile, second) : compute_pair<wide>(tile, second);
}

// out[r] = start[r] + rows[r] · the matrix, for each of `count` rows and the columns of the panels
// wanted; whole vectors are written.
template <typename Real>
void multiply(const Packed<Real>& matrix, Panels panels_wanted, Size count, const Real* const* rows,
              const Real* start, Size start_stride, Real* out, Size out_stride) {
  for (Size p = panels_wanted.first; p < panels_wanted.end;) {
    const Size column = p * matrix.width * lanes<Real>;
    const int panels = panels_wanted.at_once(p, count);
    for (Tiling tiling(count, matrix.width_of(p)); tiling.next();) {
      const Size r = tiling.first();
      const Real* from = start == nullptr ? nullptr : start + r * start_stride + column;
      Real* to = out + r * out_stride + column;
      compute_panels(matrix, p, panels, tiling.size(),
                     Tile<Real>{from, start_stride, rows + r, 1, nullptr, 0, 0, to, out_stride});
    }
    p += panels;
  }
}

template <typename Real>
void multiply(const Packed<Real>& matrix, Size count, const Real* const* rows, const Real* start,
              Size start_stride, Real* out, Size out_stride) {
  multiply(matrix, {0, matrix.panels()}, count, rows, start, start_stride, out, out_stride);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
