// Arrays as Python gives them.
//
// An array is anything with Python's buffer protocol (a NumPy array), whose type and size are
// checked here; or, for tensors that have no such protocol, an integer: the address of dense
// memory, which the caller has checked. None stands for no array.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "elman/contract.h"

namespace elman::python {

namespace nb = nanobind;

// Holds the buffers that a call borrows until it ends.
class Buffers {
 public:
  Buffers() = default;
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  ~Buffers() {
    for (std::size_t k = 0; k < count_; ++k) PyBuffer_Release(&views_[k]);
  }

  // The memory of `count` entries; null for None. Written to if T is not const.
  template <typename T>
  T* dense(nb::handle array, const char* name, std::ptrdiff_t count) {
    if (array.is_none()) return nullptr;
    if (PyLong_Check(array.ptr())) return address<T>(array);
    const Py_buffer& view = borrow<T>(array, name, PyBUF_C_CONTIGUOUS);
    if (view.len != count * static_cast<std::ptrdiff_t>(sizeof(T))) {
      throw nb::value_error((std::string(name) + " does not fit the other arrays").c_str());
    }
    return static_cast<T*>(view.buf);
  }

  // A sequence [batch, time, features], in any strides as long as the entries of a step are dense:
  // a buffer of three axes, or (address, entries from row to row, entries from step to step).
  template <typename T>
  Sequence<T> sequence(nb::handle array, const char* name, std::ptrdiff_t batch,
                       std::ptrdiff_t time, std::ptrdiff_t features) {
    if (array.is_none()) return {nullptr, 0, 0};
    if (nb::isinstance<nb::tuple>(array)) {
      const auto parts = nb::borrow<nb::tuple>(array);
      return {address<T>(parts[0]), nb::cast<std::ptrdiff_t>(parts[1]),
              nb::cast<std::ptrdiff_t>(parts[2])};
    }
    const Py_buffer& view = borrow<T>(array, name, PyBUF_STRIDES);
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(T));
    const bool fits = view.ndim == 3 && view.shape[0] == batch && view.shape[1] == time &&
                      view.shape[2] == features;
    if (!fits)
      throw nb::value_error((std::string(name) + " does not fit the other arrays").c_str());
    const bool dense = features <= 1 || view.strides[2] == size;
    if (!dense || view.strides[0] % size != 0 || view.strides[1] % size != 0) {
      throw nb::value_error((std::string(name) + " has steps that are not dense").c_str());
    }
    return {static_cast<T*>(view.buf), view.strides[0] / size, view.strides[1] / size};
  }

 private:
  static constexpr std::size_t most = 224;

  template <typename T>
  static T* address(nb::handle number) {
    return reinterpret_cast<T*>(nb::cast<std::uintptr_t>(number));
  }

  template <typename T>
  const Py_buffer& borrow(nb::handle array, const char* name, int flags) {
    if (count_ == most) throw nb::value_error("too many arrays");
    constexpr bool writable = !std::is_const_v<T>;
    const int wanted = flags | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    Py_buffer& view = views_[count_];
    if (PyObject_GetBuffer(array.ptr(), &view, wanted) != 0) throw nb::python_error();
    ++count_;
    if (view.itemsize != sizeof(T) || !is_format<T>(view.format)) {
      throw nb::type_error((std::string(name) + " has another dtype than the call").c_str());
    }
    if (reinterpret_cast<std::uintptr_t>(view.buf) % alignof(T) != 0) {
      throw nb::value_error((std::string(name) + " is not aligned: pass a copy of it").c_str());
    }
    return view;
  }

  template <typename T>
  static bool is_format(const char* format) {
    using Plain = std::remove_const_t<T>;
    if (format == nullptr) return false;
    // NumPy writes what is not aligned as of standard size. Swapped bytes stay another dtype.
    const char letter = format[0] == '=' || format[0] == '^' ? format[1] : format[0];
    if constexpr (std::is_same_v<Plain, float>) return letter == 'f';
    if constexpr (std::is_same_v<Plain, double>) return letter == 'd';
    if constexpr (std::is_same_v<Plain, bool>) return letter == '?';
    return letter == 'l' || letter == 'q';
  }

  Py_buffer views_[most];
  std::size_t count_ = 0;
};

}  // namespace elman::python
