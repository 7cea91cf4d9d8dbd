//! Faults in texts, shown with their places.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::range::Fault;

/// Faults in one text: an argument of the command line, or a file.
#[derive(Debug, Clone)]
pub(crate) struct FaultyText {
    /// The option or the file, such as `--set`.
    pub(crate) origin: String,
    pub(crate) text: String,
    pub(crate) faults: Vec<Fault>,
}

impl FaultyText {
    /// A fault of the command line as a whole.
    pub(crate) fn without_place(message: &str) -> Self {
        let fault = Fault { place: 0..0, message: message.to_owned(), remedy: String::new() };
        Self { origin: String::new(), text: String::new(), faults: vec![fault] }
    }
}

/// All faults as text for people: the message, the place and the remedy of each.
pub(crate) fn shown(texts: &[FaultyText]) -> String {
    let renderer = Renderer::plain();
    let mut shown = Vec::new();
    for FaultyText { origin, text, faults } in texts {
        for Fault { place, message, remedy } in faults {
            if origin.is_empty() {
                shown.push(format!("error: {message}"));
                continue;
            }
            let annotation = AnnotationKind::Primary.span(place.clone());
            let snippet = Snippet::source(text).path(origin).annotation(annotation);
            let mut report = Level::ERROR.primary_title(message).element(snippet);
            if !remedy.is_empty() {
                report = report.element(Level::HELP.message(remedy));
            }
            shown.push(renderer.render(&[report]));
        }
    }
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::range::parse_assignment;
    use super::*;

    #[test]
    fn a_fault_is_shown_in_its_text() {
        let text = "lr=1e-5..1 lgo";
        let faults = parse_assignment(text).unwrap_err();
        let origin = "--set".to_owned();
        let shown = shown(&[FaultyText { origin, text: text.to_owned(), faults }]);
        assert!(shown.contains("error: `lgo` is unknown here"), "{shown}");
        assert!(shown.contains("1 | lr=1e-5..1 lgo\n  |            ^^^"), "{shown}");
        assert!(shown.contains("= help: after the bounds stand"), "{shown}");
    }
}
