#include "bindings/memory.h"

#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#ifdef __unix__
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace elman::python {
namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t large = std::size_t{1} << 18;      // from here on blocks are kept
constexpr std::size_t huge_page = std::size_t{1} << 21;  // from here on they may be huge pages

std::size_t most_kept() {
#ifdef __unix__
  const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  if (pages > 0 && bytes > 0) {
    return static_cast<std::size_t>(pages) / 32 * static_cast<std::size_t>(bytes);
  }
#endif
  return std::size_t{64} << 20;
}

// Large blocks have pages of their own: in the heap, beside small ones that live longer, they would
// leave holes that the next ones do not fit into.
#ifdef __unix__
std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

void* map(std::size_t bytes) {
  const std::size_t size = whole_pages(bytes);
  void* found =
      mmap(nullptr, size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  char* const start = static_cast<char*>(found);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(start) % huge_page;
  if (before > 0) munmap(start, before);
  munmap(start + before + size, huge_page - before);
  return start + before;
}

void unmap(void* start, std::size_t bytes) {
  munmap(start, whole_pages(bytes));
}
#else
void* map(std::size_t bytes) {
  return ::operator new(bytes, std::align_val_t{huge_page});
}

void unmap(void* start, std::size_t) {
  ::operator delete(start, std::align_val_t{huge_page});
}
#endif

Memory::Block make(std::size_t bytes) {
  if (bytes < huge_page) return {::operator new(bytes, alignment), bytes};
  void* start = map(bytes);
#if defined(__unix__) && defined(MADV_HUGEPAGE)
  // A wish: without it all goes on, slower. The end that fills no huge page stays as it is.
  madvise(start, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return {start, bytes};
}

void destroy(Memory::Block block) {
  if (block.bytes < huge_page) {
    ::operator delete(block.start, alignment);
  } else {
    unmap(block.start, block.bytes);
  }
}

// Blocks that wait. Never destroyed: memory may come back while the process ends.
class Shelf {
 public:
  // The smallest that is large enough and not wasteful; a null block if there is none. Nobody waits
  // here: after a fork the lock may never be free again.
  Memory::Block take(std::size_t bytes) {
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (!lock) return {nullptr, 0};
    std::size_t best = blocks_.size();
    for (std::size_t k = 0; k < blocks_.size(); ++k) {
      const bool fits = blocks_[k].bytes >= bytes && blocks_[k].bytes / 2 <= bytes;
      if (fits && (best == blocks_.size() || blocks_[k].bytes < blocks_[best].bytes)) best = k;
    }
    if (best == blocks_.size()) return {nullptr, 0};
    const Memory::Block found = blocks_[best];
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(best));
    kept_ -= found.bytes;
    return found;
  }

  // Whether the block stays here; the oldest ones make room for it.
  bool give(Memory::Block block) {
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (!lock || block.bytes > most_) return false;
    while (kept_ + block.bytes > most_) {
      kept_ -= blocks_.front().bytes;
      destroy(blocks_.front());
      blocks_.erase(blocks_.begin());
    }
    blocks_.push_back(block);
    kept_ += block.bytes;
    return true;
  }

 private:
  std::mutex mutex_;
  std::vector<Memory::Block> blocks_;
  std::size_t kept_ = 0;
  const std::size_t most_ = most_kept();
};

Shelf& shelf() {
  static auto* const only = new Shelf;
  return *only;
}

}  // namespace

Memory::Memory(std::size_t bytes) : block_{nullptr, 0} {
  if (bytes >= large) block_ = shelf().take(bytes);
  if (block_.start == nullptr) block_ = make(bytes);
}

Memory::~Memory() {
  if (block_.bytes < large || !shelf().give(block_)) destroy(block_);
}

}  // namespace elman::python
