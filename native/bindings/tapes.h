// Tapes from Python: programs, their calls, their packed weights.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/memory.h"
#include "bindings/running.h"
#include "elman/isa.h"
#include "elman/tape.h"

namespace elman::python {

// A program that was made once; its numbers are checked here, so that no call leaves its memory.
class Program {
 public:
  // What `fields` in elman/kernels/tapes/planning.py gives.
  explicit Program(const nb::tuple& given) {
    if (given.size() != 21) throw nb::value_error("a program has other parts");
    const auto whole = [&](int k) { return nb::cast<std::int64_t>(given[k]); };
    program_.inputs = whole(0);
    program_.outputs = whole(1);
    program_.ahead = whole(2);
    program_.result = whole(3);
    rows<5>(given[4],
            [&](const std::int64_t* n) { frames_.push_back({n[0], n[1], n[2], n[3], n[4]}); });
    rows<2>(given[5], [&](const std::int64_t* n) {
      sizes_.push_back(n[0]);
      section_frames_.push_back(n[1]);
    });
    for (const nb::handle number : nb::cast<nb::sequence>(given[6])) {
      constants_.push_back(nb::cast<double>(number));
    }
    rows<3>(given[7], [&](const std::int64_t* n) { parts_.push_back({n[0], n[1], n[2]}); });
    rows<4>(given[8],
            [&](const std::int64_t* n) { matrices_.push_back({n[0], n[1], n[2], n[3]}); });
    rows<4>(given[9],
            [&](const std::int64_t* n) { starts_.push_back({n[0], n[1], n[2], n[3], 0}); });
    numbers(given[10], starts_.size(), [&](std::size_t k, double x) { starts_[k].number = x; });
    rows<4>(given[11],
            [&](const std::int64_t* n) { products_.push_back({n[0], n[1], n[2], n[3]}); });
    rows<3>(given[12], [&](const std::int64_t* n) { stages_.push_back({n[0], n[1], n[2]}); });
    rows<6>(given[13], [&](const std::int64_t* n) {
      instructions_.push_back({n[0], n[1], {n[2], n[3], n[4]}, n[5], 0});
    });
    numbers(given[14], instructions_.size(),
            [&](std::size_t k, double x) { instructions_[k].rate = x; });
    rows<1>(given[15], [&](const std::int64_t* n) { states_.push_back(n[0]); });
    rows<1>(given[16], [&](const std::int64_t* n) { kept_.push_back(n[0]); });
    rows<2>(given[17], [&](const std::int64_t* n) {
      weight_sizes_.push_back(n[0] * n[1]);
      weight_columns_.push_back(n[1]);
    });
    rows<4>(given[18], [&](const std::int64_t* n) { outers_.push_back({n[0], n[1], n[2], n[3]}); });
    rows<3>(given[19], [&](const std::int64_t* n) { sums_.push_back({n[0], n[1], n[2]}); });
    rows<4>(given[20],
            [&](const std::int64_t* n) { through_.push_back({n[0], n[1], n[2], n[3]}); });
    lend();
    check();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const TapeProgram& get() const { return program_; }

 private:
  template <int width, typename Take>
  static void rows(nb::handle given, const Take& take) {
    for (const nb::handle row : nb::cast<nb::sequence>(given)) {
      const auto tuple = nb::cast<nb::tuple>(row);
      if (tuple.size() != width) throw nb::value_error("a row of a program has another length");
      std::int64_t numbers[width];
      for (int k = 0; k < width; ++k) numbers[k] = nb::cast<std::int64_t>(tuple[k]);
      take(numbers);
    }
  }
  template <typename Take>
  static void numbers(nb::handle given, std::size_t count, const Take& take) {
    const auto list = nb::cast<nb::list>(given);
    if (list.size() != count) throw nb::value_error("a program has other numbers");
    for (std::size_t k = 0; k < count; ++k) take(k, nb::cast<double>(list[k]));
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
      throw nb::value_error("a program names what it has not");
    }
  }
  static void demand(bool fits) {
    if (!fits) throw nb::value_error("a program reaches past what it has");
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

// The weights of a program, packed once: copied, so the arrays may go or change.
class PreparedTape {
 public:
  PreparedTape(const Isa* isa, const Program& program, bool twice, const nb::tuple& weights)
      : isa_(isa), program_(&program), twice_(twice) {
    twice ? pack<double>(weights) : pack<float>(weights);
  }
  template <typename Real>
  const void* get(const Isa* isa, const Program& program) const {
    if (isa != isa_ || &program != program_ || twice_ != (sizeof(Real) == sizeof(double))) {
      throw nb::value_error("these weights were packed for another program, level or dtype");
    }
    return memory_->get();
  }

 private:
  template <typename Real>
  void pack(const nb::tuple& weights);

  const Isa* isa_;
  const Program* program_;
  bool twice_;
  std::unique_ptr<Memory> memory_;
};

// Arrays of a tuple, as many and as large as they must be.
template <typename T>
std::vector<T*> arrays_of(nb::handle given, const Span<std::int64_t>& sizes, std::ptrdiff_t rows,
                          const char* name, bool none, Buffers& buffers) {
  const auto tuple = nb::cast<nb::tuple>(given);
  if (static_cast<std::ptrdiff_t>(tuple.size()) != sizes.count) {
    throw nb::value_error("another number of arrays than the program has");
  }
  std::vector<T*> found;
  for (std::ptrdiff_t k = 0; k < sizes.count; ++k) {
    found.push_back(buffers.dense<T>(tuple[static_cast<std::size_t>(k)], name, rows * sizes[k]));
    if (found.back() == nullptr && !none) throw nb::value_error("an array is None");
  }
  return found;
}

template <typename Real>
void PreparedTape::pack(const nb::tuple& weights) {
  Buffers buffers;
  const TapeProgram& program = program_->get();
  const auto arrays =
      arrays_of<const Real>(weights, program.weight_sizes, 1, "a weight", false, buffers);
  const auto& kernels = isa_->kernels<Real>();
  const Memory index(kernels.tape_index_bytes(program));
  memory_ = std::make_unique<Memory>(kernels.tape_prepared_bytes(program));
  kernels.tape_prepare(program, arrays.data(), index.get(), memory_->get());
}

// (reading, inputs, weights, states, keys, steps, outputs, finals, kept, prepared)
template <typename Real>
void tape_forward(const Isa* isa, const Program& of, const nb::tuple& given,
                  std::ptrdiff_t threads) {
  if (given.size() != 10) throw nb::value_error("another number of values than the call takes");
  Buffers buffers;
  const TapeProgram& program = of.get();
  if (program.result < 0) throw nb::value_error("the program puts nothing out");
  const ReadingOf read(nb::cast<nb::tuple>(given[0]), buffers);
  TapeForward<Real> call{};
  call.program = &program;
  call.reading = read.get();
  const std::ptrdiff_t batch = call.reading.batch, time = call.reading.time;
  call.inputs = buffers.sequence<const Real>(given[1], "inputs", batch, time, program.inputs);
  const auto weights =
      arrays_of<const Real>(given[2], program.weight_sizes, 1, "a weight", false, buffers);
  const auto states =
      arrays_of<const Real>(given[3], program.state_sizes, batch, "a state", true, buffers);
  call.keys = buffers.dense<const std::int64_t>(given[4], "keys", batch);
  call.steps = buffers.dense<const std::int64_t>(given[5], "steps", batch);
  call.outputs = buffers.sequence<Real>(given[6], "outputs", batch, time, program.outputs);
  const auto finals =
      arrays_of<Real>(given[7], program.state_sizes, batch, "a final state", false, buffers);
  const auto& kernels = isa->kernels<Real>();
  const auto kept = static_cast<std::ptrdiff_t>(kernels.tape_kept_size(program, call.reading));
  call.kept = buffers.dense<Real>(given[8], "kept", kept);
  call.weights = weights.data();
  call.states = states.data();
  call.finals = finals.data();
  if (!given[9].is_none()) {
    call.prepared = nb::cast<const PreparedTape&>(given[9]).get<Real>(isa, of);
  }
  if (call.inputs.data == nullptr || call.outputs.data == nullptr) {
    throw nb::value_error("an array that the call needs is None");
  }
  run(kernels.tape_forward, kernels.tape_forward_workspace, kernels.tape_forward_threads, call,
      threads);
}

// (reading, inputs, weights, steps, kept, grad_outputs, grad_finals, grad_inputs, grad_states,
//  grad_weights)
template <typename Real>
void tape_backward(const Isa* isa, const Program& of, const nb::tuple& given,
                   std::ptrdiff_t threads) {
  if (given.size() != 10) throw nb::value_error("another number of values than the call takes");
  Buffers buffers;
  const TapeProgram& program = of.get();
  const ReadingOf read(nb::cast<nb::tuple>(given[0]), buffers);
  TapeBackward<Real> call{};
  call.program = &program;
  call.reading = read.get();
  const std::ptrdiff_t batch = call.reading.batch, time = call.reading.time;
  call.inputs = buffers.sequence<const Real>(given[1], "inputs", batch, time, program.inputs);
  const auto weights =
      arrays_of<const Real>(given[2], program.weight_sizes, 1, "a weight", false, buffers);
  call.steps = buffers.dense<const std::int64_t>(given[3], "steps", batch);
  const auto& kernels = isa->kernels<Real>();
  const auto kept = static_cast<std::ptrdiff_t>(kernels.tape_kept_size(program, call.reading));
  call.kept = buffers.dense<const Real>(given[4], "kept", kept);
  call.grad_outputs =
      buffers.sequence<const Real>(given[5], "grad_outputs", batch, time, program.outputs);
  const auto grad_finals =
      arrays_of<const Real>(given[6], program.state_sizes, batch, "a gradient", true, buffers);
  call.grad_inputs = buffers.sequence<Real>(given[7], "grad_inputs", batch, time, program.inputs);
  const auto grad_states =
      arrays_of<Real>(given[8], program.state_sizes, batch, "a gradient", true, buffers);
  const auto grad_weights =
      arrays_of<Real>(given[9], program.weight_sizes, 1, "a gradient", false, buffers);
  call.weights = weights.data();
  call.grad_finals = grad_finals.data();
  call.grad_states = grad_states.data();
  call.grad_weights = grad_weights.data();
  if (call.inputs.data == nullptr || call.kept == nullptr) {
    throw nb::value_error("an array that the call needs is None");
  }
  // The first entry of what was kept: how many parts the rows were divided into.
  const bool sound = call.kept[0] >= 1 && call.kept[0] <= 65536;
  if (!sound) throw nb::value_error("what was kept was changed");
  run(kernels.tape_backward, kernels.tape_backward_workspace, kernels.tape_backward_threads, call,
      threads);
}

template <typename Real>
std::size_t tape_kept_size(const Isa* isa, const Program& of, std::ptrdiff_t batch,
                           std::ptrdiff_t time) {
  Reading reading{};
  reading.batch = batch;
  reading.time = time;
  return isa->kernels<Real>().tape_kept_size(of.get(), reading);
}

}  // namespace elman::python
