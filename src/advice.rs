//! What should the administrator do about it? Texts for each class, from the health set's troubleshooting steps.
