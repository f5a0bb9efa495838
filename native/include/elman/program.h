// A program of a tape that was made once; its numbers are checked here, so that no call leaves its
// memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "elman/tape.h"

namespace elman {

// What `fields` in elman/kernels/tapes/planning.py gives: of each its rows, one after the other, or
// its real numbers.
struct ProgramFields {
  static constexpr std::size_t count = 21;
  // Numbers of a row; 0: real ones.
  static constexpr std::array<std::size_t, count> widths = {1, 1, 1, 1, 5, 2, 0, 3, 4, 4, 0,
                                                            4, 3, 6, 0, 1, 1, 2, 4, 3, 4};
  std::array<std::vector<std::int64_t>, count> rows;
  std::array<std::vector<double>, count> reals;
};

class Program {
 public:
  // Throws std::invalid_argument where something reaches past what there is.
  explicit Program(const ProgramFields& given) : constants_(given.reals[6]) {
    for (const int k : {0, 1, 2, 3}) demand(given.rows[k].size() == 1);
    program_.inputs = given.rows[0][0];
    program_.outputs = given.rows[1][0];
    program_.ahead = given.rows[2][0];
    program_.result = given.rows[3][0];
    using Row = const std::int64_t*;
    each(given, 4, [&](Row n, std::size_t) { frames_.push_back({n[0], n[1], n[2], n[3], n[4]}); });
    each(given, 5, [&](Row n, std::size_t) {
      sizes_.push_back(n[0]);
      section_frames_.push_back(n[1]);
    });
    each(given, 7, [&](Row n, std::size_t) { parts_.push_back({n[0], n[1], n[2]}); });
    each(given, 8, [&](Row n, std::size_t) { matrices_.push_back({n[0], n[1], n[2], n[3]}); });
    each(given, 9, [&](Row n, std::size_t k) {
      starts_.push_back({n[0], n[1], n[2], n[3], real(given.reals[10], k)});
    });
    each(given, 11, [&](Row n, std::size_t) { products_.push_back({n[0], n[1], n[2], n[3]}); });
    each(given, 12, [&](Row n, std::size_t) { stages_.push_back({n[0], n[1], n[2]}); });
    each(given, 13, [&](Row n, std::size_t k) {
      instructions_.push_back({n[0], n[1], {n[2], n[3], n[4]}, n[5], real(given.reals[14], k)});
    });
    each(given, 15, [&](Row n, std::size_t) { states_.push_back(n[0]); });
    each(given, 16, [&](Row n, std::size_t) { kept_.push_back(n[0]); });
    each(given, 17, [&](Row n, std::size_t) {
      weight_sizes_.push_back(n[0] * n[1]);
      weight_columns_.push_back(n[1]);
    });
    each(given, 18, [&](Row n, std::size_t) { outers_.push_back({n[0], n[1], n[2], n[3]}); });
    each(given, 19, [&](Row n, std::size_t) { sums_.push_back({n[0], n[1], n[2]}); });
    each(given, 20, [&](Row n, std::size_t) { through_.push_back({n[0], n[1], n[2], n[3]}); });
    lend();
    check();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const TapeProgram& get() const { return program_; }

 private:
  template <typename Take>
  static void each(const ProgramFields& given, std::size_t field, const Take& take) {
    const auto& rows = given.rows[field];
    const std::size_t width = ProgramFields::widths[field];
    demand(rows.size() % width == 0);
    for (std::size_t k = 0; k < rows.size() / width; ++k) take(rows.data() + k * width, k);
  }
  static double real(const std::vector<double>& of, std::size_t k) {
    demand(k < of.size());
    return of[k];
  }
  template <typename T>
  static Span<T> span(const std::vector<T>& of) {
    return {of.data(), static_cast<std::ptrdiff_t>(of.size())};
  }
  void lend() {
    program_.frames = span(frames_);
    program_.section_size = span(sizes_);
    program_.section_frame = span(section_frames_);
    program_.constants = span(constants_);
    program_.parts = span(parts_);
    program_.matrices = span(matrices_);
    program_.starts = span(starts_);
    program_.products = span(products_);
    program_.stages = span(stages_);
    program_.instructions = span(instructions_);
    program_.state_sizes = span(states_);
    program_.kept_sizes = span(kept_);
    program_.weight_sizes = span(weight_sizes_);
    program_.weight_columns = span(weight_columns_);
    program_.outers = span(outers_);
    program_.sums = span(sums_);
    program_.through = span(through_);
  }

  template <typename T>
  static void within(std::int64_t k, const std::vector<T>& of, bool none = false) {
    if (k < (none ? -1 : 0) || k >= static_cast<std::int64_t>(of.size())) {
      throw std::invalid_argument("a program names what it has not");
    }
  }
  static void demand(bool fits) {
    if (!fits) throw std::invalid_argument("a program reaches past what it has");
  }

  void check() const {
    constexpr std::int64_t most = std::int64_t{1} << 20;
    demand(program_.inputs > 0 && program_.inputs <= most && program_.outputs > 0 &&
           program_.outputs <= most);
    for (const auto size : sizes_) demand(size > 0 && size <= most);
    for (const auto size : states_) demand(size > 0 && size <= most);
    for (const auto size : kept_) demand(size > 0 && size <= most);
    for (const auto frame : section_frames_) within(frame, frames_);
    for (const auto& frame : frames_) check_frame(frame);
    for (const auto& part : parts_) {
      within(part.weight, weight_sizes_);
      within(part.section, sizes_);
      const auto columns = weight_columns_[static_cast<std::size_t>(part.weight)];
      demand(part.row >= 0 && (part.row + size(part.section)) * columns <=
                                  weight_sizes_[static_cast<std::size_t>(part.weight)]);
    }
    for (const auto& matrix : matrices_) {
      demand(matrix.first >= 0 && matrix.count > 0 && matrix.first <= all(parts_) &&
             matrix.count <= all(parts_) - matrix.first);
      for (auto k = matrix.first; k < matrix.first + matrix.count; ++k) {
        const auto weight = parts_[static_cast<std::size_t>(k)].weight;
        demand(weight_columns_[static_cast<std::size_t>(weight)] == matrix.columns);
      }
    }
    for (const auto& start : starts_) {
      within(start.section, sizes_);
      within(start.weight, weight_sizes_, true);
      const auto count = start.single != 0 ? 1 : size(start.section);
      demand(start.weight < 0 ||
             (start.entry >= 0 &&
              start.entry + count <= weight_sizes_[static_cast<std::size_t>(start.weight)]));
    }
    for (const auto& product : products_) check_product(product, false);
    for (const auto& product : through_) check_product(product, true);
    for (const auto& stage : stages_) {
      within(stage.product, products_, true);
      demand(stage.product >= 0 ||
             (stage.first >= 0 && stage.first <= stage.last && stage.last <= all(instructions_)));
    }
    for (const auto& what : instructions_) check_instruction(what);
    within(program_.ahead, products_, true);
    within(program_.result, sizes_, true);
    for (const auto& outer : outers_) check_outer(outer);
    for (const auto& sum : sums_) {
      within(sum.delta, sizes_);
      within(sum.weight, weight_sizes_);
      demand(is(sum.delta, Place::delta) && sum.entry >= 0 &&
             sum.entry + size(sum.delta) <= weight_sizes_[static_cast<std::size_t>(sum.weight)]);
    }
    check_results();
  }

  void check_results() const {
    if (program_.result >= 0) {
      const auto wanted = outers_.empty() && sums_.empty() ? program_.outputs : program_.inputs;
      demand(size(program_.result) == wanted || size(program_.result) == program_.outputs ||
             size(program_.result) == program_.inputs);
    }
  }

  void check_frame(const TapeFrame& frame) const {
    demand(frame.first >= 0 && frame.count > 0 && frame.first <= all(sizes_) &&
           frame.count <= all(sizes_) - frame.first);
    const auto first = static_cast<std::size_t>(frame.first);
    for (auto k = frame.first; k < frame.first + frame.count; ++k) {
      demand(&frames_[static_cast<std::size_t>(section_frames_[static_cast<std::size_t>(k)])] ==
             &frame);
    }
    const auto single = [&](const std::vector<std::int64_t>& of) {
      within(frame.index, of);
      demand(frame.count == 1 && of[static_cast<std::size_t>(frame.index)] == sizes_[first]);
    };
    switch (static_cast<Place>(frame.place)) {
      case Place::before:
      case Place::after:
      case Place::carry:
      case Place::fresh:
        return single(states_);
      case Place::kept:
        return single(kept_);
      case Place::by_output:
        return demand(frame.count == 1 && sizes_[first] == program_.outputs);
      case Place::input:
        return demand(frame.count == 1 && sizes_[first] == program_.inputs);
      case Place::vector:
        within(frame.index, weight_sizes_);
        return demand(frame.count == 1 && frame.entry >= 0 &&
                      frame.entry + sizes_[first] <=
                          weight_sizes_[static_cast<std::size_t>(frame.index)]);
      case Place::constant:
        within(frame.index, constants_);
        return demand(frame.count == 1 && sizes_[first] <= all(constants_) - frame.index);
      case Place::local:
      case Place::rows:
      case Place::ahead:
      case Place::delta:
        return;
    }
    demand(false);
  }

  void check_product(const TapeProduct& product, bool through) const {
    within(product.matrix, matrices_);
    const auto& matrix = matrices_[static_cast<std::size_t>(product.matrix)];
    within(product.from, sizes_, product.from == -1);
    if (!through) within(product.to, sizes_);
    within(product.start, sizes_, true);
    for (std::int64_t k = 0; k < matrix.count; ++k) {
      const auto& part = parts_[static_cast<std::size_t>(matrix.first + k)];
      const auto section = (matrix.back != 0 ? product.from : product.to) + k;
      demand(part.section == section && section < all(sizes_) &&
             section_frames_[static_cast<std::size_t>(section)] ==
                 section_frames_[static_cast<std::size_t>(part.section - k)]);
      if (product.start >= 0 && matrix.back == 0) {
        within(product.start + k, sizes_);
        demand(size(product.start + k) == size(section) &&
               section_frames_[static_cast<std::size_t>(product.start + k)] ==
                   section_frames_[static_cast<std::size_t>(product.start)]);
      }
    }
    if (matrix.back != 0) {
      demand(through ? matrix.columns == program_.inputs : size(product.to) == matrix.columns);
      demand(through || product.start < 0 || size(product.start) == matrix.columns);
    } else {
      demand((product.from < 0 ? program_.inputs : size(product.from)) == matrix.columns);
    }
  }

  void check_instruction(const TapeInstruction& what) const {
    demand(what.operation >= 0 && what.operation <= static_cast<std::int64_t>(Operation::mask));
    within(what.to, sizes_);
    const auto operation = static_cast<Operation>(what.operation);
    const bool asks = operation == Operation::time || operation == Operation::mask;
    const bool two = (operation >= Operation::add && operation < Operation::where) ||
                     operation == Operation::norm;
    const bool three = operation == Operation::where || operation == Operation::muladd ||
                       operation == Operation::norm_back;
    const int reads = asks ? 0 : three ? 3 : two ? 2 : 1;
    const bool units = operation == Operation::slice || operation == Operation::pad;
    const bool sums = operation == Operation::sum || operation == Operation::mean ||
                      operation == Operation::amax || operation == Operation::norm_scale;
    for (int k = 0; k < 3; ++k) {
      if (k >= reads) continue;
      within(what.from[k], sizes_);
      const auto count = size(what.from[k]);
      if (!units && !sums) demand(count == 1 || count == size(what.to));
    }
    demand(!sums || size(what.to) == 1);
    if (operation == Operation::norm || operation == Operation::norm_back) {
      demand(size(what.from[0]) == size(what.to) && size(what.from[reads - 1]) == 1 &&
             (reads == 2 || size(what.from[1]) == size(what.to)));
    }
    demand(what.shift >= 0);
    if (operation == Operation::slice) {
      demand(what.shift + size(what.to) <= size(what.from[0]));
    } else if (operation == Operation::pad) {
      demand(what.shift + size(what.from[0]) <= size(what.to));
    }
    demand(what.rate >= 0 && what.rate <= 1);
  }

  void check_outer(const TapeOuter& outer) const {
    within(outer.delta, sizes_);
    within(outer.value, sizes_, true);
    within(outer.weight, weight_sizes_);
    const auto weight = static_cast<std::size_t>(outer.weight);
    const auto columns = outer.value < 0 ? program_.inputs : size(outer.value);
    demand(is(outer.delta, Place::delta) && columns == weight_columns_[weight] && outer.row >= 0 &&
           (outer.row + size(outer.delta)) * columns <= weight_sizes_[weight]);
  }

  bool is(std::int64_t section, Place place) const {
    const auto frame = section_frames_[static_cast<std::size_t>(section)];
    return frames_[static_cast<std::size_t>(frame)].place == static_cast<std::int64_t>(place);
  }
  std::int64_t size(std::int64_t section) const {
    return sizes_[static_cast<std::size_t>(section)];
  }
  template <typename T>
  static std::int64_t all(const std::vector<T>& of) {
    return static_cast<std::int64_t>(of.size());
  }

  std::vector<TapeFrame> frames_;
  std::vector<std::int64_t> sizes_, section_frames_, states_, kept_, weight_sizes_, weight_columns_;
  std::vector<double> constants_;
  std::vector<TapeMatrixPart> parts_;
  std::vector<TapeMatrix> matrices_;
  std::vector<TapeStart> starts_;
  std::vector<TapeProduct> products_, through_;
  std::vector<TapeStage> stages_;
  std::vector<TapeInstruction> instructions_;
  std::vector<TapeOuter> outers_;
  std::vector<TapeSum> sums_;
  TapeProgram program_{};
};

}  // namespace elman
