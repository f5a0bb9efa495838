// Where the values of a tape lie, and its weights as the products take them.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/tape.h"
#include "kernels/plan.h"

namespace elman::ELMAN_ISA {
namespace {

// What stays for the way back lies alike for all instruction sets.
constexpr Size widest = 16;

template <typename Real>
Size vectors_of(Size size) {
  return (size + lanes<Real> - 1) / lanes<Real>;
}

inline bool lasts(Place place) {
  return place == Place::before || place == Place::after || place == Place::kept ||
         place == Place::carry || place == Place::fresh;
}

// Entries of a section's row.
template <typename Real>
Size padded(const TapeProgram& program, Size section) {
  const Size size = program.section_size[section];
  const TapeFrame& frame = program.frames[program.section_frame[section]];
  const bool last = lasts(static_cast<Place>(frame.place));
  return up_to(size, last ? widest : lanes<Real>);
}

// Entries that a row keeps at each step, and of each state before a step.
inline Size kept_entries(const TapeProgram& program) {
  Size total = 0;
  for (const std::int64_t size : program.kept_sizes) total += up_to(size, widest);
  return total;
}
inline Size state_entries(const TapeProgram& program) {
  Size total = 0;
  for (const std::int64_t size : program.state_sizes) total += up_to(size, widest);
  return total;
}

// The first entry of what is kept tells among how many parts the rows were divided.
constexpr Size kept_header = widest;

inline Size kept_of_row(const TapeProgram& program, Size time) {
  return time * kept_entries(program) + (time + 1) * state_entries(program);
}

// Where the rows of state k before a step, and of kept value k at it, begin, in rows of one entry.
inline Size kept_state(const TapeProgram& program, Size time, Size k, Size step) {
  Size before = 0;
  for (Size j = 0; j < k; ++j) before += up_to(program.state_sizes[j], widest);
  return (time + 1) * before + step * up_to(program.state_sizes[k], widest);
}
inline Size kept_value(const TapeProgram& program, Size time, Size k, Size step) {
  Size before = (time + 1) * state_entries(program) + step * kept_entries(program);
  for (Size j = 0; j < k; ++j) before += up_to(program.kept_sizes[j], widest);
  return before;
}

// Offsets of sections in their frames' rows, and how far one row is from the next.
template <typename Real>
struct TapeLayout {
  const TapeProgram& program;
  Size* offset;  // [section]
  Size* width;   // [frame]
  Size local;    // entries of a row of all local frames

  TapeLayout(Arena& arena, const TapeProgram& of)
      : program(of),
        offset(arena.take<Size>(of.section_size.count)),
        width(arena.take<Size>(of.frames.count)),
        local(0) {
    for (Size f = 0; f < of.frames.count; ++f) {
      const TapeFrame& frame = of.frames[f];
      Size total = 0;
      for (Size s = frame.first; s < frame.first + frame.count; ++s) {
        if (offset != nullptr) offset[s] = total;
        total += padded<Real>(of, s);
      }
      if (width != nullptr) width[f] = total;
      if (static_cast<Place>(frame.place) == Place::local) local += total;
    }
  }
  // As `width`, also while memory is only measured.
  Size width_of(Size f) const {
    const TapeFrame& frame = program.frames[f];
    Size total = 0;
    for (Size s = frame.first; s < frame.first + frame.count; ++s)
      total += padded<Real>(program, s);
    return total;
  }
};

// A packed matrix: forward [columns of the weights, its sections], back [its sections, columns].
template <typename Real>
Packed<Real> matrix_of(Arena& arena, const TapeProgram& program, const TapeMatrix& matrix) {
  Size sections = 0;
  for (Size k = matrix.first; k < matrix.first + matrix.count; ++k) {
    sections += padded<Real>(program, program.parts[k].section);
  }
  if (matrix.back != 0) return {arena, sections, vectors_of<Real>(matrix.columns)};
  const Size vectors = sections / lanes<Real>;
  return {arena, matrix.columns, vectors, vectors % 4 != 0 && vectors % 3 == 0 ? 3 : wide};
}

template <typename Real>
void fill_forward(const Packed<Real>& packed, const TapeProgram& program, const TapeMatrix& matrix,
                  const Real* const* weights) {
  Size part = matrix.first, before = 0;
  pack_columns(packed, [&](Size j) -> const Real* {
    while (j >= before + padded<Real>(program, program.parts[part].section)) {
      before += padded<Real>(program, program.parts[part].section);
      ++part;
    }
    const TapeMatrixPart& of = program.parts[part];
    const Size size = program.section_size[of.section], unit = size == 1 ? 0 : j - before;
    return unit < size ? weights[of.weight] + (of.row + unit) * matrix.columns : nullptr;
  });
}

template <typename Real>
void fill_back(const Packed<Real>& packed, const TapeProgram& program, const TapeMatrix& matrix,
               const Real* const* weights) {
  Size part = matrix.first, before = 0;
  for (Size k = 0; k < packed.depth; ++k) {
    while (k >= before + padded<Real>(program, program.parts[part].section)) {
      before += padded<Real>(program, program.parts[part].section);
      ++part;
    }
    const TapeMatrixPart& of = program.parts[part];
    const Size unit = k - before, columns = matrix.columns;
    const Real* from = unit < program.section_size[of.section]
                           ? weights[of.weight] + (of.row + unit) * columns
                           : nullptr;
    packed.put_row(k, [&](Size v) {
      if (from == nullptr) return Vector<Real>{};
      if (columns == 1) return Vector<Real>{} + from[0];
      return load(from + v * lanes<Real>, columns - v * lanes<Real>);
    });
  }
}

// The weights as a pass takes them: matrices, starts, vectors and constants.
template <typename Real>
struct TapeWeights {
  const TapeProgram& program;
  const TapeLayout<Real>& layout;
  Packed<Real>* matrices;  // [matrix]
  Real** starts;           // [product]: what its sums start from; null: zero, or a section
  Real** vectors;          // [frame], of those that are vectors or constants
  std::size_t bytes;       // of `memory`

  // `index` holds the tables, `memory` what is packed.
  TapeWeights(Arena& index, void* memory, const TapeLayout<Real>& of)
      : program(of.program),
        layout(of),
        matrices(index.take<Packed<Real>>(program.matrices.count)),
        starts(index.take<Real*>(program.products.count)),
        vectors(index.take<Real*>(program.frames.count)) {
    Arena arena(memory);
    for (Size m = 0; m < program.matrices.count; ++m) {
      const Packed<Real> packed = matrix_of<Real>(arena, program, program.matrices[m]);
      if (matrices != nullptr) matrices[m] = packed;
    }
    for (Size p = 0; p < program.products.count; ++p) {
      const Size entries = entries_of(program.products[p]);
      Real* at = arena.take<Real>(entries);
      if (starts != nullptr) starts[p] = entries == 0 ? nullptr : at;
    }
    for (Size f = 0; f < program.frames.count; ++f) {
      const auto place = static_cast<Place>(program.frames[f].place);
      if (place != Place::vector && place != Place::constant) continue;
      Real* at = arena.take<Real>(of.width_of(f));
      if (vectors != nullptr) vectors[f] = at;
    }
    bytes = arena.used();
  }

  // Entries that a product's sums start from, where no section says them.
  Size entries_of(const TapeProduct& product) const {
    if (product.start >= 0) return 0;
    const TapeMatrix& matrix = program.matrices[product.matrix];
    if (matrix.back != 0) return 0;
    Size total = 0;
    for (Size k = matrix.first; k < matrix.first + matrix.count; ++k) {
      total += padded<Real>(program, program.parts[k].section);
    }
    return total;
  }

  void fill(const Real* const* weights) {
    for (Size m = 0; m < program.matrices.count; ++m) {
      const TapeMatrix& of = program.matrices[m];
      of.back != 0 ? fill_back(matrices[m], program, of, weights)
                   : fill_forward(matrices[m], program, of, weights);
    }
    for (Size p = 0; p < program.products.count; ++p) {
      if (starts[p] != nullptr) fill_starts(program.products[p], starts[p], weights);
    }
    for (Size f = 0; f < program.frames.count; ++f) fill_vector(f, weights);
  }

 private:
  void fill_starts(const TapeProduct& product, Real* at, const Real* const* weights) {
    const TapeMatrix& of = program.matrices[product.matrix];
    for (Size k = of.first; k < of.first + of.count; ++k) {
      const Size section = program.parts[k].section, size = program.section_size[section];
      const Size width = padded<Real>(program, section);
      clear(at, width);
      for (const TapeStart& start : program.starts) {
        if (start.section != section) continue;
        for (Size u = 0; u < (size == 1 ? width : size); ++u) {
          const Real* from = start.weight < 0 ? nullptr : weights[start.weight] + start.entry;
          const bool one = size == 1 || start.single != 0;
          at[u] += from == nullptr ? static_cast<Real>(start.number) : from[one ? 0 : u];
        }
      }
      at += width;
    }
  }

  void fill_vector(Size f, const Real* const* weights) {
    const TapeFrame& frame = program.frames[f];
    const auto place = static_cast<Place>(frame.place);
    if (place != Place::vector && place != Place::constant) return;
    const Size size = program.section_size[frame.first];
    Real* to = vectors[f];
    clear(to, layout.width_of(f));
    if (place == Place::constant) {
      for (Size u = 0; u < size; ++u) {
        to[u] = static_cast<Real>(program.constants[frame.index + u]);
      }
    } else {
      copy(to, weights[frame.index] + frame.entry, size);
    }
    if (size == 1) store(to, Vector<Real>{} + to[0]);
  }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
