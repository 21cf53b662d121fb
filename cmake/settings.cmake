# Language level, warnings, hardening and sanitizers, the same for every room.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(NNLOCK_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
option(NNLOCK_QUICK_BUILD "Optimise the kernels only: with sanitizers the optimiser takes six times as long as the rest of the compiler" OFF)
option(NNLOCK_NO_EXCEPTIONS "Build the library rooms with -fno-exceptions -fno-rtti" OFF)

add_library(nnlock_settings INTERFACE)
target_compile_options(nnlock_settings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wundef -Wshadow -Wconversion -Wsign-conversion
  -Wno-missing-field-initializers  # designated initialisers name what differs from the default
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wcast-align
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # false alarms on std::string operator+ in g++ 12 (GCC bug 105651)
  -fstack-protector-strong)
target_compile_definitions(nnlock_settings INTERFACE _GLIBCXX_ASSERTIONS)
if(NNLOCK_SANITIZE)
  target_compile_options(nnlock_settings INTERFACE
    -fsanitize=${NNLOCK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(nnlock_settings INTERFACE -fsanitize=${NNLOCK_SANITIZE})
else()
  target_compile_definitions(nnlock_settings INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
if(NNLOCK_BUILD_FUZZ)
  target_compile_options(nnlock_settings INTERFACE -fsanitize=fuzzer-no-link)  # coverage of the rooms, not of the target alone
endif()
