// A borrowed callable: like std::function, without owning or allocating. For parameters only.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace inference_exp {

template <typename F, typename Self, typename R, typename... Args>
concept CallableOtherThan = !std::is_same_v<std::remove_cvref_t<F>, Self> && std::is_invocable_r_v<R, F&, Args...>;

template <typename Signature>
class FunctionRef;

template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <CallableOtherThan<FunctionRef, R, Args...> F>
  // Converts at the call; the concept keeps it away from copies.
  // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload)
  FunctionRef(F&& callable) noexcept
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace inference_exp
