//! Errors in arguments and files, rendered with their positions.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::range::Diagnostic;

/// Errors in one text: an argument of the command line, or a file.
#[derive(Debug, Clone)]
pub(crate) struct TextDiagnostics {
    /// The name of the option or of the file, such as `--set`.
    pub(crate) origin: String,
    pub(crate) text: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl TextDiagnostics {
    /// Creates an error that has no position in a text.
    pub(crate) fn without_span(message: &str) -> Self {
        let diagnostic =
            Diagnostic { span: 0..0, message: message.to_owned(), remedy: String::new() };
        Self { origin: String::new(), text: String::new(), diagnostics: vec![diagnostic] }
    }
}

/// Renders all errors as text: the message, the position and the remedy of each.
pub(crate) fn render(texts: &[TextDiagnostics]) -> String {
    let renderer = Renderer::plain();
    let mut rendered = Vec::new();
    for TextDiagnostics { origin, text, diagnostics } in texts {
        for Diagnostic { span, message, remedy } in diagnostics {
            if origin.is_empty() {
                rendered.push(format!("error: {message}"));
                continue;
            }
            let annotation = AnnotationKind::Primary.span(span.clone());
            let snippet = Snippet::source(text).path(origin).annotation(annotation);
            let mut report = Level::ERROR.primary_title(message).element(snippet);
            if !remedy.is_empty() {
                report = report.element(Level::HELP.message(remedy));
            }
            rendered.push(renderer.render(&[report]));
        }
    }
    rendered.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::range::parse_assignment;
    use super::*;

    #[test]
    fn an_error_is_rendered_at_its_position() {
        let text = "lr=1e-5..1 lgo";
        let diagnostics = parse_assignment(text).unwrap_err();
        let origin = "--set".to_owned();
        let rendered = render(&[TextDiagnostics { origin, text: text.to_owned(), diagnostics }]);
        assert!(rendered.contains("error: unknown word `lgo` after the bounds"), "{rendered}");
        assert!(rendered.contains("1 | lr=1e-5..1 lgo\n  |            ^^^"), "{rendered}");
        assert!(rendered.contains("= help: write `log`, "), "{rendered}");
    }
}
