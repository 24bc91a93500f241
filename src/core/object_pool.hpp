// Reusable per-call objects: after warm-up taking one and giving it back touches no heap.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace inference_exp {

/// Hands out objects made by `make`; a lease returns its object when it goes out of scope. Thread-safe. The pool must
/// outlive its leases. It grows to the largest number of leases held at once.
template <typename T>
class ObjectPool {
 public:
  explicit ObjectPool(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}

  class Lease {
   public:
    Lease(ObjectPool& pool, std::unique_ptr<T> object) : pool_(&pool), object_(std::move(object)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (object_) pool_->give_back(std::move(object_));
    }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_.get(); }
    /// Drops the object instead of returning it, when its state may be damaged.
    void discard() noexcept { object_.reset(); }

   private:
    ObjectPool* pool_;
    std::unique_ptr<T> object_;
  };

  [[nodiscard]] Lease take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<T> object = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(object));
      }
    }
    std::unique_ptr<T> made = make_();
    const std::scoped_lock lock(mutex_);
    ++total_;
    free_.reserve(total_);  // so that giving back never allocates
    return Lease(*this, std::move(made));
  }

 private:
  void give_back(std::unique_ptr<T> object) noexcept {
    const std::scoped_lock lock(mutex_);
    free_.push_back(std::move(object));
  }

  std::function<std::unique_ptr<T>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> free_;
  std::size_t total_ = 0;
};

}  // namespace inference_exp
