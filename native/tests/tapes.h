// Tapes for the drivers: programs from tapes.txt, random problems, each array an allocation of its
// own, and what runs them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "elman/isa.h"
#include "elman/parallel.h"
#include "elman/program.h"
#include "problem.h"
#include "running.h"

namespace elman::test {

// One cell: its way there that keeps nothing, and both ways, without resets and with them.
struct TapeCell {
  std::unique_ptr<Program> answered, there[2], back[2];
};

inline std::unique_ptr<Program> read_program(std::istream& file) {
  ProgramFields fields;
  for (std::size_t k = 0; k < ProgramFields::count; ++k) {
    std::size_t count = 0;
    file >> count;
    for (; count > 0 && file; --count) {
      if (ProgramFields::widths[k] == 0) {
        file >> fields.reals[k].emplace_back();
      } else {
        file >> fields.rows[k].emplace_back();
      }
    }
  }
  return std::make_unique<Program>(fields);
}

inline std::map<std::string, TapeCell> read_tapes() {
  std::map<std::string, TapeCell> cells;
  std::ifstream file(ELMAN_TAPES);
  for (std::string word, name, way; file >> word >> name >> way;) {
    constexpr char ending[] = "-resets";
    const bool resets = name.ends_with(ending);
    if (resets) name.resize(name.size() - (sizeof ending - 1));
    TapeCell& cell = cells[name];
    auto& to =
        way == "answered" ? cell.answered : (way == "there" ? cell.there : cell.back)[resets];
    to = read_program(file);
  }
  expect(!cells.empty(), "there are programs in " ELMAN_TAPES);
  return cells;
}

template <typename Real>
using Arrays = std::vector<std::vector<Real>>;

template <typename Real>
struct TapeSolution {
  std::vector<Real> outputs, kept;
  Arrays<Real> finals;
  bool operator==(const TapeSolution& other) const {
    return outputs == other.outputs && finals == other.finals;
  }
};

// The bits of `mode` say: with lengths, with resets, reversed.
template <typename Real>
struct TapeProblem {
  const TapeCell& cell;
  Size batch, time;
  Arrays<Real> weights, states, grad_finals;
  std::vector<Real> inputs, grad_outputs;
  std::vector<std::int64_t> lengths, order, keys, steps;
  std::vector<char> resets;
  bool reverse;

  TapeProblem(const TapeCell& of, Size rows, Size length, int mode, double magnitude = 1)
      : cell(of), batch(rows), time(length), reverse((mode & 4) != 0) {
    // Drawn as floats, so that both precisions read the same numbers.
    const auto some = [&](Size size, double scale) {
      const auto drawn = random_values<float>(size, scale);
      std::vector<Real> values(drawn.begin(), drawn.end());
      for (Real& value : values) value = static_cast<Real>(value * magnitude);
      return values;
    };
    const TapeProgram& program = cell.answered->get();
    for (const auto size : program.weight_sizes) weights.push_back(some(size, 0.4));
    for (const auto size : program.state_sizes) {
      states.push_back(some(batch * size, 0.5));
      grad_finals.push_back(some(batch * size, 1));
    }
    inputs = some(batch * time * program.inputs, 1);
    grad_outputs = some(batch * time * program.outputs, 1);
    for (Size row = 0; row < batch; ++row) {
      keys.push_back(static_cast<std::int64_t>(generator()) << 31);
      steps.push_back(row % 2 == 0 ? 0 : 1000);
      for (Size t = 0; (mode & 2) != 0 && t < time; ++t) resets.push_back(generator() % 4 == 0);
      if ((mode & 1) != 0)
        cut(row, static_cast<Size>(generator() % static_cast<unsigned>(time + 1)));
    }
    order.resize(lengths.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return lengths[static_cast<std::size_t>(a)] > lengths[static_cast<std::size_t>(b)];
    });
  }

  const TapeProgram& there() const { return cell.there[!resets.empty()]->get(); }
  const TapeProgram& back() const { return cell.back[!resets.empty()]->get(); }
  Reading reading() const {
    return {batch,
            time,
            lengths.empty() ? nullptr : lengths.data(),
            lengths.empty() ? nullptr : order.data(),
            resets.empty() ? nullptr : reinterpret_cast<const bool*>(resets.data()),
            reverse};
  }
  // All that has a gradient: inputs, states, weights.
  std::vector<std::vector<Real>*> leaves() {
    std::vector<std::vector<Real>*> all = {&inputs};
    for (auto& state : states) all.push_back(&state);
    for (auto& weight : weights) all.push_back(&weight);
    return all;
  }
  // The sum of what is written times what is sent back.
  double loss(const TapeSolution<Real>& found) const {
    const Size O = there().outputs;
    double total = 0;
    for (Size row = 0; row < batch; ++row) {
      const Size end = lengths.empty() ? time : lengths[static_cast<std::size_t>(row)];
      for (Size j = row * time * O; j < (row * time + end) * O; ++j) {
        total += static_cast<double>(found.outputs[j]) * grad_outputs[j];
      }
    }
    for (std::size_t k = 0; k < states.size(); ++k) {
      const auto& by = grad_finals[k];
      total = std::inner_product(by.begin(), by.end(), found.finals[k].begin(), total);
    }
    return total;
  }

 private:
  // What is past a length must not be read.
  void cut(Size row, Size length) {
    lengths.push_back(length);
    const Size I = cell.answered->get().inputs, O = cell.answered->get().outputs;
    std::fill(inputs.begin() + (row * time + length) * I, inputs.begin() + (row + 1) * time * I,
              Real(NAN));
    std::fill(grad_outputs.begin() + (row * time + length) * O,
              grad_outputs.begin() + (row + 1) * time * O, Real(NAN));
  }
};

template <typename Of, typename Real = typename std::remove_const_t<Of>>
std::vector<Of*> pointers(std::vector<std::vector<Real>>& arrays) {
  std::vector<Of*> found;
  for (auto& array : arrays) found.push_back(array.data());
  return found;
}

template <typename Real>
TapeSolution<Real> run(const Isa& isa, TapeProblem<Real>& problem, Way way = Way::kept,
                       Size threads = 1) {
  const auto& kernels = isa.kernels<Real>();
  const TapeProgram& program = way == Way::kept ? problem.there() : problem.cell.answered->get();
  const Size B = problem.batch, T = problem.time;
  TapeSolution<Real> found;
  found.outputs.assign(static_cast<std::size_t>(B * T * program.outputs), Real(NAN));
  for (const auto& state : problem.states) found.finals.emplace_back(state.size(), Real(NAN));
  const auto weights = pointers<const Real>(problem.weights);
  const auto states = pointers<const Real>(problem.states);
  const auto finals = pointers<Real>(found.finals);
  TapeForward<Real> call{};
  call.program = &program;
  call.reading = problem.reading();
  call.inputs = {problem.inputs.data(), T * program.inputs, program.inputs};
  call.weights = weights.data();
  call.states = states.data();
  call.finals = finals.data();
  call.keys = problem.keys.data();
  call.steps = problem.steps.data();
  call.outputs = {found.outputs.data(), T * program.outputs, program.outputs};
  if (way == Way::kept) {
    found.kept.assign(kernels.tape_kept_size(program, call.reading), Real(NAN));
    call.kept = found.kept.data();
  }
  const auto packed = workspace_of(kernels.tape_prepared_bytes(program));
  if (way == Way::prepared) {
    const auto index = workspace_of(kernels.tape_index_bytes(program));
    kernels.tape_prepare(program, weights.data(), index.get(), packed.get());
    call.prepared = packed.get();
  }
  Threads lent(std::min(threads, std::max(B, Size{1})));
  call.threads = &lent;
  const auto workspace = workspace_of(kernels.tape_forward_workspace(call));
  call.workspace = workspace.get();
  expect(kernels.tape_forward(call), "a tape ran forward to its end");
  return found;
}

// The gradients by all leaves of the problem, in their order.
template <typename Real>
Arrays<Real> run_back(const Isa& isa, TapeProblem<Real>& problem,
                      const TapeSolution<Real>& solution, Size threads = 1) {
  const auto& kernels = isa.kernels<Real>();
  const TapeProgram& program = problem.back();
  const Size T = problem.time, O = problem.there().outputs;
  Arrays<Real> grads;
  for (const auto* leaf : problem.leaves()) grads.emplace_back(leaf->size(), Real(NAN));
  auto to = pointers<Real>(grads);
  const auto weights = pointers<const Real>(problem.weights);
  const auto grad_finals = pointers<const Real>(problem.grad_finals);
  TapeBackward<Real> call{};
  call.program = &program;
  call.reading = problem.reading();
  call.inputs = {problem.inputs.data(), T * program.inputs, program.inputs};
  call.weights = weights.data();
  call.steps = problem.steps.data();
  call.kept = solution.kept.data();
  call.grad_outputs = {problem.grad_outputs.data(), T * O, O};
  call.grad_finals = grad_finals.data();
  call.grad_inputs = {to[0], T * program.inputs, program.inputs};
  call.grad_states = to.data() + 1;
  call.grad_weights = to.data() + 1 + problem.states.size();
  Threads lent(std::min(threads, std::max(problem.batch, Size{1})));
  call.threads = &lent;
  const auto workspace = workspace_of(kernels.tape_backward_workspace(call));
  call.workspace = workspace.get();
  expect(kernels.tape_backward(call), "a tape ran backward to its end");
  return grads;
}

}  // namespace elman::test
