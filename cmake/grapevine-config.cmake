include(${CMAKE_CURRENT_LIST_DIR}/grapevine-targets.cmake)
