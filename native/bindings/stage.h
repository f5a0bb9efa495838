// One stage of a network's step.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>

#include "bindings/arrays.h"

namespace elman::python {

// Reads what the stage before wrote.
template <typename Real>
class Stage {
 public:
  virtual ~Stage() = default;
  virtual const Real* run(const Real* inputs) = 0;  // what it wrote
};

// A stage that can be fed by itself, too. The arrays, the third of which it writes its outputs to,
// are held for its whole life.
template <typename Real>
class FedStage : public Stage<Real> {
 public:
  nb::object step(nb::handle inputs) {
    if (PyLong_Check(inputs.ptr())) throw nb::type_error("inputs must be an array");
    Buffers buffers;
    this->run(buffers.dense<const Real>(inputs, "inputs", size_));
    return outputs_;
  }

 protected:
  explicit FedStage(nb::tuple arrays) : held_(arrays), outputs_(arrays[2]) {}

  std::ptrdiff_t size_ = 0;  // entries of its inputs

 private:
  nb::tuple held_;
  nb::object outputs_;
};

}  // namespace elman::python
