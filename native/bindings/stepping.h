// What is fed step by step: a recurrence, or a whole network. It owns its packed weights and
// scratch memory, so a step allocates nothing; the arrays that it writes to are the caller's, held
// for its whole life.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/choosing.h"
#include "bindings/memory.h"
#include "bindings/stage.h"
#include "bindings/tape_stepping.h"
#include "elman/isa.h"
#include "elman/parallel.h"

namespace elman::python {

template <typename Real>
class Stepper : public FedStage<Real> {
 public:
  // `arrays`: (hidden [B, R], cell [B, H] or None, outputs [B, R]), all written to at each step.
  Stepper(const Kernels<Real>& kernels, nb::tuple recurrence, std::ptrdiff_t batch,
          nb::tuple arrays)
      : FedStage<Real>(arrays), kernels_(kernels) {
    {
      Buffers borrowed;
      const auto what = recurrence_of<Real>(recurrence, 0, borrowed);
      prepared_ = std::make_unique<Memory>(kernels_.prepared_bytes(what));
      kernels_.prepare(what, prepared_->get());
      call_.recurrence = what;
    }
    Recurrence<Real>& what = call_.recurrence;
    call_.reading.batch = batch;
    call_.reading.time = 1;
    this->size_ = batch * what.inputs;
    Real* hidden = buffers_.dense<Real>(arrays[0], "hidden", batch * what.recurrent);
    Real* cell = buffers_.dense<Real>(arrays[1], "cell", batch * what.hidden);
    Real* outputs = buffers_.dense<Real>(arrays[2], "outputs", batch * what.recurrent);
    call_.inputs = {nullptr, what.inputs, what.inputs};
    call_.hidden = call_.final_hidden = hidden;
    call_.cell = call_.final_cell = cell;
    call_.outputs = {outputs, what.recurrent, what.recurrent};
    call_.prepared = prepared_->get();
    call_.threads = &caller_;
    workspace_ = std::make_unique<Memory>(kernels_.forward_workspace(call_));
    call_.workspace = workspace_->get();
  }

  const Real* run(const Real* inputs) override {
    call_.inputs.data = inputs;
    kernels_.forward(call_);
    return call_.outputs.data;
  }

 private:
  Buffers buffers_;
  const Kernels<Real>& kernels_;
  Threads caller_{1};
  Forward<Real> call_{};
  std::unique_ptr<Memory> prepared_, workspace_;
};

// W x + b, perhaps what is above zero of it only.
template <typename Real>
class DenseStage : public Stage<Real> {
 public:
  DenseStage(const Kernels<Real>& kernels, std::ptrdiff_t batch, nb::tuple given)
      : held_(given), kernels_(kernels), rectified_(nb::cast<bool>(given[4])) {
    call_.rows = batch;
    call_.depth = nb::cast<std::ptrdiff_t>(given[0]);
    Py_ssize_t columns = PyObject_Length(nb::object(given[2]).ptr());
    if (columns < 0) throw nb::python_error();
    call_.columns = columns;
    call_.weight = buffers_.dense<const Real>(given[1], "weight", call_.columns * call_.depth);
    call_.bias = buffers_.dense<const Real>(given[2], "bias", call_.columns);
    call_.outputs = buffers_.dense<Real>(given[3], "outputs", batch * call_.columns);
    call_.threads = &caller_;
    prepared_ = std::make_unique<Memory>(kernels_.prepared_dense_bytes(call_));
    kernels_.prepare_dense(call_, prepared_->get());
    call_.prepared = prepared_->get();
    workspace_ = std::make_unique<Memory>(kernels_.dense_workspace(call_));
    call_.workspace = workspace_->get();
  }

  const Real* run(const Real* inputs) override {
    call_.inputs = inputs;
    kernels_.dense(call_);
    if (rectified_) {
      Real* end = call_.outputs + call_.rows * call_.columns;
      for (Real* y = call_.outputs; y != end; ++y) *y = *y < 0 ? Real{0} : *y;
    }
    return call_.outputs;
  }

 private:
  nb::tuple held_;
  Buffers buffers_;
  const Kernels<Real>& kernels_;
  bool rectified_;
  Threads caller_{1};
  Dense<Real> call_{};
  std::unique_ptr<Memory> prepared_, workspace_;
};

// (x - mean) / deviation of each feature, in double precision.
template <typename Real>
class ScaleStage : public Stage<Real> {
 public:
  ScaleStage(std::ptrdiff_t batch, nb::tuple given)
      : held_(given), batch_(batch), features_(nb::cast<std::ptrdiff_t>(given[0])) {
    mean_ = buffers_.dense<const double>(given[1], "mean", features_);
    deviation_ = buffers_.dense<const double>(given[2], "deviation", features_);
    outputs_ = buffers_.dense<Real>(given[3], "outputs", batch * features_);
  }

  const Real* run(const Real* inputs) override {
    for (std::ptrdiff_t k = 0; k < batch_ * features_; ++k) {
      const std::ptrdiff_t feature = k % features_;
      outputs_[k] = static_cast<Real>((inputs[k] - mean_[feature]) / deviation_[feature]);
    }
    return outputs_;
  }

 private:
  nb::tuple held_;
  Buffers buffers_;
  std::ptrdiff_t batch_, features_;
  const double *mean_, *deviation_;
  Real* outputs_;
};

// Scores as probabilities, in place: of classes that exclude each other, or of each by itself.
template <typename Real>
class ProbabilityStage : public Stage<Real> {
 public:
  ProbabilityStage(std::ptrdiff_t batch, nb::tuple given)
      : held_(given),
        batch_(batch),
        count_(nb::cast<std::ptrdiff_t>(given[0])),
        apart_(nb::cast<bool>(given[1])) {
    outputs_ = buffers_.dense<Real>(given[2], "outputs", batch * count_);
  }

  const Real* run(const Real* inputs) override {
    for (std::ptrdiff_t b = 0; b < batch_; ++b) {
      const Real* x = inputs + b * count_;
      Real* y = outputs_ + b * count_;
      if (apart_) {
        for (std::ptrdiff_t k = 0; k < count_; ++k) y[k] = (1 + std::tanh(x[k] / 2)) / 2;
        continue;
      }
      const Real most = *std::max_element(x, x + count_);
      Real sum = 0;
      for (std::ptrdiff_t k = 0; k < count_; ++k) sum += y[k] = std::exp(x[k] - most);
      for (std::ptrdiff_t k = 0; k < count_; ++k) y[k] /= sum;
    }
    return outputs_;
  }

 private:
  nb::tuple held_;
  Buffers buffers_;
  std::ptrdiff_t batch_, count_;
  bool apart_;
  Real* outputs_;
};

// A network's stages in a row.
template <typename Real>
class Line {
 public:
  // `embedding`: (I, weight [V, I], rows [B, I], V) where ids are read, else None; `features`: of
  // an input that is no id. `stages`: steppers, and tuples that begin with "dense", "scale" or
  // "probabilities" and go on with what that stage takes. `outputs` is the last stage's.
  Line(const Kernels<Real>& kernels, std::ptrdiff_t batch, std::ptrdiff_t features,
       nb::object embedding, nb::tuple stages, nb::object outputs)
      : held_(nb::make_tuple(embedding, stages)), outputs_(outputs), batch_(batch) {
    size_ = batch * features;
    if (!embedding.is_none()) embed(nb::cast<nb::tuple>(embedding));
    for (nb::handle stage : stages) {
      if (nb::isinstance<Stepper<Real>>(stage)) {
        stages_.push_back(nb::cast<Stepper<Real>*>(stage));
        continue;
      }
      if (nb::isinstance<TapeStepper<Real>>(stage)) {
        stages_.push_back(nb::cast<TapeStepper<Real>*>(stage));
        continue;
      }
      const auto parts = nb::cast<nb::tuple>(stage);
      const auto kind = nb::cast<std::string>(parts[0]);
      const auto given = nb::borrow<nb::tuple>(parts[1]);
      if (kind == "dense") {
        own(std::make_unique<DenseStage<Real>>(kernels, batch, given));
      } else if (kind == "scale") {
        own(std::make_unique<ScaleStage<Real>>(batch, given));
      } else if (kind == "probabilities") {
        own(std::make_unique<ProbabilityStage<Real>>(batch, given));
      } else {
        throw nb::value_error("no such stage");
      }
    }
  }

  nb::object step(nb::handle inputs) {
    if (PyLong_Check(inputs.ptr())) throw nb::type_error("inputs must be an array");
    Buffers buffers;
    run(words_ == nullptr ? buffers.dense<const Real>(inputs, "inputs", size_)
                          : look_up(buffers.dense<const std::int64_t>(inputs, "ids", batch_)));
    return outputs_;
  }

  // What follows `ids` [B]: `steps` tokens a row, each drawn by its number of `uniforms`
  // [B, steps], into `tokens` and `log_probabilities` likewise; `sizes`: (steps, V). It ends before
  // where a row writes `eos`. Gives the steps that were made, or -1 where some row had no token.
  std::ptrdiff_t write(const Isa& isa, nb::tuple sizes, nb::handle ids, nb::handle uniforms,
                       double temperature, nb::handle never, std::int64_t eos, nb::handle tokens,
                       nb::handle log_probabilities) {
    if (words_ == nullptr) throw nb::value_error("the network reads no ids");
    const auto steps = nb::cast<std::ptrdiff_t>(sizes[0]);
    const auto count = nb::cast<std::ptrdiff_t>(sizes[1]);
    const auto banned = PyObject_Length(never.ptr());
    if (banned < 0) throw nb::python_error();
    Buffers buffers;
    const auto* first = buffers.dense<const std::int64_t>(ids, "ids", batch_);
    const auto* numbers = buffers.dense<const double>(uniforms, "uniforms", batch_ * steps);
    const auto* bans = buffers.dense<const std::int64_t>(never, "never", banned);
    auto* written = buffers.dense<std::int64_t>(tokens, "tokens", batch_ * steps);
    auto* said = buffers.dense<double>(log_probabilities, "log_probabilities", batch_ * steps);
    buffers.dense<const Real>(outputs_, "outputs", batch_ * count);
    for (std::ptrdiff_t k = 0; k < banned; ++k) {
      if (bans[k] < 0 || bans[k] >= count) throw nb::value_error("never must lie in 0...V-1");
    }
    Choice choice(isa, count, temperature, bans, banned);
    std::vector<std::int64_t> last(first, first + batch_);
    bool ended = false;
    std::ptrdiff_t done = 0;
    for (; done < steps && !ended; ++done) {
      const Real* scores = run(look_up(last.data()));
      for (std::ptrdiff_t b = 0; b < batch_; ++b) {
        const std::ptrdiff_t place = b * steps + done;
        const Chosen chosen = choice.of(scores + b * count, numbers[place]);
        if (chosen.token < 0) return -1;
        written[place] = last[static_cast<std::size_t>(b)] = chosen.token;
        said[place] = chosen.log_probability;
        ended |= chosen.token == eos;
      }
    }
    return done;
  }

 private:
  const Real* run(const Real* values) {
    for (Stage<Real>* stage : stages_) values = stage->run(values);
    return values;
  }

  void own(std::unique_ptr<Stage<Real>> stage) {
    stages_.push_back(stage.get());
    owned_.push_back(std::move(stage));
  }

  void embed(nb::tuple given) {
    width_ = nb::cast<std::ptrdiff_t>(given[0]);
    vocabulary_ = nb::cast<std::ptrdiff_t>(given[3]);
    words_ = buffers_.dense<const Real>(given[1], "embedding", vocabulary_ * width_);
    rows_ = buffers_.dense<Real>(given[2], "rows", batch_ * width_);
  }

  const Real* look_up(const std::int64_t* ids) {
    for (std::ptrdiff_t b = 0; b < batch_; ++b) {
      if (ids[b] < 0 || ids[b] >= vocabulary_) throw nb::value_error("ids must lie in 0...V-1");
      std::copy_n(words_ + ids[b] * width_, width_, rows_ + b * width_);
    }
    return rows_;
  }

  nb::object held_;
  nb::object outputs_;
  Buffers buffers_;
  std::ptrdiff_t batch_, size_ = 0, width_ = 0, vocabulary_ = 0;
  const Real* words_ = nullptr;
  Real* rows_ = nullptr;
  std::vector<Stage<Real>*> stages_;
  std::vector<std::unique_ptr<Stage<Real>>> owned_;
};

}  // namespace elman::python
