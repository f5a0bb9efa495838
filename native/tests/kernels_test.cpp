// Runs every kernel of every instruction set that this machine has, in both precisions, against
// plain loops; with guard entries around what they write. Prints what failed, exits with 1.
//
//   cmake -S . -B build/sanitize -DELMAN_PYTHON_MODULE=OFF -DELMAN_NATIVE_TESTS=ON
//     -DELMAN_SANITIZE=address,undefined && cmake --build build/sanitize && ctest --test-dir
//     build/sanitize --output-on-failure      (one command, on one line)
//
// With the argument "exhaustive" it also measures tanh for every float (a few minutes).
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "elman/contract.h"
#include "elman/isa.h"

namespace {

int failures = 0;
std::mt19937 generator(1);

void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

// An array of its own allocation, so that the address sanitizer sees every step outside.
template <typename Real>
std::vector<Real> random_array(std::ptrdiff_t size, double scale) {
  std::normal_distribution<double> normal(0, scale);
  std::vector<Real> values(static_cast<std::size_t>(size));
  for (Real& value : values) value = static_cast<Real>(normal(generator));
  return values;
}

struct Free {
  void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{64}); }
};
std::unique_ptr<void, Free> workspace_of(std::size_t bytes) {
  return std::unique_ptr<void, Free>(::operator new(bytes, std::align_val_t{64}));
}

template <typename Real>
double tolerance() {
  return sizeof(Real) == 4 ? 2e-5 : 1e-11;
}

template <typename Real>
void expect_near(const std::vector<Real>& found, const std::vector<double>& wanted,
                 const std::string& what) {
  double worst = 0, size = 1;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const double difference = std::abs(static_cast<double>(found[k]) - wanted[k]);
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
    size = std::max(size, std::abs(wanted[k]));
  }
  expect(worst <= tolerance<Real>() * size, what + ", off by " + std::to_string(worst));
}

// ---- dense --------------------------------------------------------------------------------------

template <typename Real>
void test_dense(const elman::Isa& isa, std::ptrdiff_t rows, std::ptrdiff_t depth,
                std::ptrdiff_t columns, bool with_bias) {
  const auto inputs = random_array<Real>(rows * depth, 1);
  const auto weight = random_array<Real>(columns * depth, 0.3);
  const auto bias = random_array<Real>(columns, 1);
  std::vector<Real> outputs(static_cast<std::size_t>(rows * columns), Real(NAN));
  elman::Dense<Real> call{};
  call.rows = rows;
  call.depth = depth;
  call.columns = columns;
  call.inputs = inputs.data();
  call.weight = weight.data();
  call.bias = with_bias ? bias.data() : nullptr;
  call.outputs = outputs.data();
  const auto& kernels = isa.kernels<Real>();
  const auto workspace = workspace_of(kernels.dense_workspace(call));
  call.workspace = workspace.get();
  expect(kernels.dense(call), "dense ran to its end");

  std::vector<double> wanted(outputs.size());
  for (std::ptrdiff_t n = 0; n < rows; ++n) {
    for (std::ptrdiff_t j = 0; j < columns; ++j) {
      double sum = with_bias ? bias[j] : Real(0);
      for (std::ptrdiff_t k = 0; k < depth; ++k) {
        sum += static_cast<double>(inputs[n * depth + k]) * weight[j * depth + k];
      }
      wanted[n * columns + j] = sum;
    }
  }
  expect_near(outputs, wanted,
              std::string(isa.name) + " dense " + std::to_string(rows) + "x" +
                  std::to_string(depth) + "x" + std::to_string(columns));
}

// ---- the simple cell ----------------------------------------------------------------------------

// One problem and, in double precision, its solution by plain loops.
template <typename Real>
struct Problem {
  std::ptrdiff_t batch, time, hidden;
  std::vector<Real> projected, weight, initial, grad_outputs, grad_final;
  std::vector<std::int64_t> lengths;
  std::unique_ptr<bool[]> resets;
  bool reverse;
  elman::Activation activation;
  std::vector<double> outputs, final_state, grad_projected, grad_initial, previous;

  Problem(std::ptrdiff_t b, std::ptrdiff_t t, std::ptrdiff_t h, bool backwards,
          elman::Activation act)
      : batch(b),
        time(t),
        hidden(h),
        projected(random_array<Real>(b * t * h, 1)),
        weight(random_array<Real>(h * h, 0.5 / std::sqrt(static_cast<double>(h)))),
        initial(random_array<Real>(b * h, 1)),
        grad_outputs(random_array<Real>(b * t * h, 1)),
        grad_final(random_array<Real>(b * h, 1)),
        resets(new bool[static_cast<std::size_t>(b * t)]),
        reverse(backwards),
        activation(act) {
    for (std::ptrdiff_t row = 0; row < batch; ++row) {
      lengths.push_back(std::uniform_int_distribution<std::int64_t>(0, time)(generator));
      for (std::ptrdiff_t step = 0; step < time; ++step) {
        resets[row * time + step] = generator() % 5 == 0;
        if (step >= lengths[row]) {  // what is past a length must not be read
          const auto place = (row * time + step) * hidden;
          std::fill_n(projected.begin() + place, hidden, Real(NAN));
          std::fill_n(grad_outputs.begin() + place, hidden, Real(NAN));
        }
      }
    }
    solve();
  }

  elman::Reading reading() const {
    return {batch, time, hidden, lengths.data(), resets.get(), reverse};
  }

 private:
  std::ptrdiff_t place(std::ptrdiff_t row, std::ptrdiff_t step) const {
    return (row * time + (reverse ? lengths[row] - 1 - step : step)) * hidden;
  }

  void solve() {
    const auto all = static_cast<std::size_t>(batch * time * hidden);
    outputs.assign(all, 0);
    grad_projected.assign(all, 0);
    previous.assign(all, 0);
    for (std::ptrdiff_t row = 0; row < batch; ++row) solve_row(row);
  }

  void solve_row(std::ptrdiff_t row) {
    std::vector<double> state(initial.begin() + row * hidden, initial.begin() + (row + 1) * hidden);
    for (std::int64_t step = 0; step < lengths[row]; ++step) {
      const auto at = place(row, step);
      if (resets[at / hidden]) std::fill(state.begin(), state.end(), 0.0);
      std::copy(state.begin(), state.end(), previous.begin() + at);
      for (std::ptrdiff_t j = 0; j < hidden; ++j) {
        double sum = projected[at + j];
        for (std::ptrdiff_t k = 0; k < hidden; ++k) {
          sum += previous[at + k] * weight[j * hidden + k];
        }
        state[j] = activation == elman::Activation::tanh ? std::tanh(sum) : std::max(sum, 0.0);
      }
      std::copy(state.begin(), state.end(), outputs.begin() + at);
    }
    final_state.insert(final_state.end(), state.begin(), state.end());

    std::vector<double> carry(grad_final.begin() + row * hidden,
                              grad_final.begin() + (row + 1) * hidden);
    for (std::int64_t step = lengths[row] - 1; step >= 0; --step) {
      const auto at = place(row, step);
      for (std::ptrdiff_t j = 0; j < hidden; ++j) {
        const double h = outputs[at + j];
        const double slope =
            activation == elman::Activation::tanh ? 1 - h * h : (h > 0 ? 1.0 : 0.0);
        grad_projected[at + j] = (grad_outputs[at + j] + carry[j]) * slope;
      }
      std::fill(carry.begin(), carry.end(), 0.0);
      if (resets[at / hidden]) continue;
      for (std::ptrdiff_t j = 0; j < hidden; ++j) {
        for (std::ptrdiff_t k = 0; k < hidden; ++k) {
          carry[k] += grad_projected[at + j] * weight[j * hidden + k];
        }
      }
    }
    grad_initial.insert(grad_initial.end(), carry.begin(), carry.end());
  }
};

template <typename Real>
void test_simple(const elman::Isa& isa, const Problem<Real>& problem) {
  const auto what = std::string(isa.name) + " simple B=" + std::to_string(problem.batch) +
                    " T=" + std::to_string(problem.time) + " H=" + std::to_string(problem.hidden);
  const auto& kernels = isa.kernels<Real>();
  const auto workspace = workspace_of(kernels.simple_workspace(problem.reading()));
  std::vector<Real> outputs(problem.outputs.size(), Real(NAN));
  std::vector<Real> final_state(problem.initial.size(), Real(NAN));
  elman::SimpleForward<Real> forward{};
  forward.reading = problem.reading();
  forward.activation = problem.activation;
  forward.projected = problem.projected.data();
  forward.weight_hh = problem.weight.data();
  forward.initial = problem.initial.data();
  forward.outputs = outputs.data();
  forward.final_state = final_state.data();
  forward.workspace = workspace.get();
  expect(kernels.simple_forward(forward), what + ": forward ran to its end");
  expect_near(outputs, problem.outputs, what + ": outputs");
  expect_near(final_state, problem.final_state, what + ": final state");

  std::vector<Real> grad_projected(problem.outputs.size(), Real(NAN));
  std::vector<Real> previous(problem.outputs.size(), Real(NAN));
  std::vector<Real> grad_initial(problem.initial.size(), Real(NAN));
  elman::SimpleBackward<Real> backward{};
  backward.reading = problem.reading();
  backward.activation = problem.activation;
  backward.outputs = outputs.data();
  backward.weight_hh = problem.weight.data();
  backward.initial = problem.initial.data();
  backward.grad_outputs = problem.grad_outputs.data();
  backward.grad_final = problem.grad_final.data();
  backward.grad_projected = grad_projected.data();
  backward.grad_initial = grad_initial.data();
  backward.previous = previous.data();
  backward.workspace = workspace.get();
  expect(kernels.simple_backward(backward), what + ": backward ran to its end");
  expect_near(grad_projected, problem.grad_projected, what + ": grad_projected");
  expect_near(grad_initial, problem.grad_initial, what + ": grad_initial");
  expect_near(previous, problem.previous, what + ": previous");
}

// A call that is asked to stop says so.
template <typename Real>
void test_stop(const elman::Isa& isa) {
  const Problem<Real> problem(3, 6, 5, false, elman::Activation::tanh);
  const auto& kernels = isa.kernels<Real>();
  const auto workspace = workspace_of(kernels.simple_workspace(problem.reading()));
  std::vector<Real> outputs(problem.outputs.size());
  std::vector<Real> final_state(problem.initial.size());
  elman::SimpleForward<Real> call{};
  call.reading = problem.reading();
  call.reading.lengths = nullptr;
  call.projected = problem.projected.data();
  call.weight_hh = problem.weight.data();
  call.initial = problem.initial.data();
  call.outputs = outputs.data();
  call.final_state = final_state.data();
  call.workspace = workspace.get();
  int asked = 0;
  call.stop.context = &asked;
  call.stop.ask = [](void* context) { return ++*static_cast<int*>(context) == 2; };
  expect(!kernels.simple_forward(call) && asked == 2, std::string(isa.name) + ": stops when asked");
}

// ---- tanh ---------------------------------------------------------------------------------------

// The worst error of the kernels' float tanh in units in the last place of the true value, over
// the floats whose bits are a multiple of `stride`.
double worst_tanh(const elman::Isa& isa, std::uint64_t stride) {
  constexpr std::ptrdiff_t chunk = 4096;
  const std::vector<float> zero(chunk);
  std::vector<float> x(chunk), y(chunk), final_state(chunk), weight(1);
  double worst = 0;
  const auto& kernels = isa.kernels<float>();
  elman::SimpleForward<float> call{};
  call.reading = {chunk, 1, 1, nullptr, nullptr, false};
  const auto workspace = workspace_of(kernels.simple_workspace(call.reading));
  call.activation = elman::Activation::tanh;
  call.projected = x.data();
  call.weight_hh = weight.data();
  call.initial = zero.data();
  call.outputs = y.data();
  call.final_state = final_state.data();
  call.workspace = workspace.get();
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += stride * chunk) {
    for (std::ptrdiff_t k = 0; k < chunk; ++k) {
      x[k] = std::bit_cast<float>(static_cast<std::uint32_t>(bits + stride * k));
    }
    kernels.simple_forward(call);
    for (std::ptrdiff_t k = 0; k < chunk; ++k) {
      if (std::isnan(x[k])) {
        if (!std::isnan(y[k])) return INFINITY;
        continue;
      }
      const double wanted = std::tanh(static_cast<double>(x[k]));
      if (std::abs(wanted) < std::numeric_limits<float>::min()) {  // denormals count as zero
        if (y[k] != 0.0f && y[k] != static_cast<float>(wanted)) return INFINITY;
        continue;
      }
      int exponent = 0;
      std::frexp(wanted, &exponent);
      worst = std::max(worst, std::abs(y[k] - wanted) / std::ldexp(1.0, exponent - 24));
    }
  }
  return worst;
}

template <typename Real>
void test_all(const elman::Isa& isa) {
  for (const std::ptrdiff_t size : {0, 1, 2, 3, 7, 8, 9, 13, 16, 17, 31, 32, 33, 65}) {
    test_dense<Real>(isa, size, 3, 5, true);
    test_dense<Real>(isa, 5, size, 3, false);
    test_dense<Real>(isa, 3, 5, size, true);
    for (const auto activation : {elman::Activation::tanh, elman::Activation::relu}) {
      for (const bool reverse : {false, true}) {
        if (size > 0) test_simple(isa, Problem<Real>(size, 4, 3, reverse, activation));
        if (size > 0) test_simple(isa, Problem<Real>(3, 4, size, reverse, activation));
        test_simple(isa, Problem<Real>(3, size, 5, reverse, activation));
      }
    }
  }
  test_dense<Real>(isa, 2500, 3, 4, true);  // more rows than are taken between two stops
  test_stop<Real>(isa);
}

}  // namespace

int main(int count, char** arguments) {
  const bool exhaustive = count > 1 && std::strcmp(arguments[1], "exhaustive") == 0;
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) {
    test_all<float>(*isa);
    test_all<double>(*isa);
    const double worst = worst_tanh(*isa, exhaustive ? 1 : 4099);
    std::printf("%s: float tanh within %.3f units in the last place\n", isa->name, worst);
    expect(worst <= 2, std::string(isa->name) + " tanh");
  }
  std::printf(failures == 0 ? "all kernels agree\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
