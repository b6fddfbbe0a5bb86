//! LoRA and other PEFT adapters: `adapter_config.json`, or the weights that diffusers writes.

use poem_openapi::Object;

use super::Contents;
use super::card;
use super::fields::Fields;
use super::info::RelatedDownload;

/// The weights of a LoRA that diffusers wrote.
const DIFFUSERS_WEIGHTS: &[&str] = &["pytorch_lora_weights.safetensors", "pytorch_lora_weights.bin"];

/// An adapter. What its configuration does not tell is left out.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "LoraInfo", skip_serializing_if_is_none)]
pub(crate) struct LoraInfo {
    /// The kind as PEFT writes it: `LORA`, `IA3`, `PREFIX_TUNING`, …
    pub(crate) adapter_type: String,
    /// The same in words.
    pub(crate) adapter_description: String,
    /// The model that it changes; empty when not told.
    pub(crate) base_model: String,
    /// The revision of that model, when told.
    pub(crate) base_model_revision: Option<String>,
    /// The rank of its matrices.
    pub(crate) rank: Option<u64>,
    /// By how much it is scaled, times the rank.
    pub(crate) alpha: Option<f64>,
    /// How much was dropped while training.
    pub(crate) dropout: Option<f64>,
    /// The layers that it changes.
    pub(crate) target_modules: Vec<String>,
    /// Layers that it replaces as a whole.
    pub(crate) modules_to_save: Vec<String>,
    /// Which biases were trained: `none`, `all`, `lora_only`.
    pub(crate) bias: Option<String>,
    /// What it was trained for: `CAUSAL_LM`, …
    pub(crate) task_type: Option<String>,
    /// Whether the layers keep their weights the other way round.
    pub(crate) fan_in_fan_out: Option<bool>,
    /// How the matrices began; `true` is the usual way.
    pub(crate) init_lora_weights: Option<String>,
    /// Whether it is scaled by the root of the rank.
    pub(crate) use_rslora: Option<bool>,
    /// Whether it has a magnitude for each column (DoRA).
    pub(crate) use_dora: Option<bool>,
    /// The quantization of the model that it was trained on, when told.
    pub(crate) quant_type: Option<String>,
    /// How many parameters it has, counted from its tensors.
    pub(crate) parameters: Option<u64>,
}

/// The facts, when there is an adapter.
pub(super) fn detect(contents: &Contents) -> Option<LoraInfo> {
    let config = Fields(contents.json("adapter_config.json"));
    let has_config = config.0.is_object();
    if !has_config && !DIFFUSERS_WEIGHTS.iter().any(|path| contents.has(path)) {
        return None;
    }
    let adapter_type = config.text("peft_type").unwrap_or("LORA").to_owned();
    let of_card = || card::front_matter(contents).and_then(|card| card::base_model(&card));
    let base_model = config.text("base_model_name_or_path").filter(|name| !name.is_empty()).map(str::to_owned);
    let initial = config.get("init_lora_weights");
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    Some(LoraInfo {
        adapter_description: describe(&adapter_type, config.flag("use_dora") == Some(true)),
        adapter_type,
        base_model: base_model.or_else(of_card).unwrap_or_default(),
        base_model_revision: config.text("revision").map(str::to_owned),
        rank: config.number("r"),
        alpha: config.real("lora_alpha"),
        dropout: config.real("lora_dropout"),
        target_modules: owned(config.texts("target_modules")),
        modules_to_save: owned(config.texts("modules_to_save")),
        bias: config.text("bias").map(str::to_owned),
        task_type: config.text("task_type").map(str::to_owned),
        fan_in_fan_out: config.flag("fan_in_fan_out"),
        init_lora_weights: initial.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        use_rslora: config.flag("use_rslora"),
        use_dora: config.flag("use_dora"),
        quant_type: config.text("quant_type").or_else(|| config.text("quantization")).map(str::to_owned),
        parameters: contents.tensors.as_ref().map(super::contents::Tensors::elements),
    })
}

/// PEFT writes the kind in capitals.
fn describe(adapter_type: &str, is_dora: bool) -> String {
    let known = match adapter_type.to_ascii_lowercase().as_str() {
        "lora" if is_dora => "DoRA: low-rank matrices and a magnitude beside the weights",
        "lora" => "LoRA: low-rank matrices beside the weights",
        "adalora" => "AdaLoRA: low-rank matrices with a rank for each layer",
        "loha" => "LoHa: low-rank Hadamard products",
        "lokr" => "LoKr: low-rank Kronecker products",
        "ia3" => "IA³: learned scales of activations",
        "prefix_tuning" => "Prefix tuning: learned keys and values before each layer's own",
        "prompt_tuning" => "Prompt tuning: learned tokens before the text",
        "p_tuning" => "P-tuning: tokens before the text, learned by an encoder",
        "multitask_prompt_tuning" => "Prompt tuning for several tasks",
        "oft" => "OFT: orthogonal matrices times the weights",
        "boft" => "BOFT: butterfly-factored orthogonal matrices times the weights",
        "vera" => "VeRA: shared random matrices with learned scales",
        "poly" => "Poly: a mixture of LoRAs",
        "ln_tuning" => "LN tuning: learned norms",
        _ => "PEFT adapter",
    };
    known.to_owned()
}

/// The base model, without which an adapter is of no use. A folder on somebody's disk is none.
pub(super) fn related(info: &LoraInfo) -> Vec<RelatedDownload> {
    let is_repo = info.base_model.parse::<hfd_shared::repo::RepoId>().is_ok();
    let base = || RelatedDownload {
        kind: "base_model".to_owned(),
        repo: info.base_model.clone(),
        label: format!("Base model {}", info.base_model),
        required: true,
    };
    is_repo.then(base).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::contents;

    #[test]
    fn a_lora_is_described_though_peft_writes_it_in_capitals() {
        let config = r#"{"peft_type": "LORA", "base_model_name_or_path": "meta/llama", "r": 16, "lora_alpha": 32,
            "target_modules": "all-linear", "init_lora_weights": true}"#;
        let repo = contents(RepoKind::Model, &["adapter_model.safetensors"], &[("adapter_config.json", config)]);
        let info = detect(&repo).unwrap();
        assert!(info.adapter_description.starts_with("LoRA"));
        assert_eq!(
            (info.rank, info.alpha, info.target_modules.as_slice()),
            (Some(16), Some(32.0), &["all-linear".to_owned()][..])
        );
        assert_eq!(info.init_lora_weights.as_deref(), Some("true"));
        assert_eq!(related(&info)[0].repo, "meta/llama");
    }

    #[test]
    fn a_base_model_on_somebodys_disk_is_no_download() {
        let config = r#"{"peft_type": "LORA", "base_model_name_or_path": "/home/me/models/llama"}"#;
        let info = detect(&contents(RepoKind::Model, &[], &[("adapter_config.json", config)])).unwrap();
        assert!(related(&info).is_empty());
    }

    #[test]
    fn a_lora_of_diffusers_takes_its_base_from_the_card() {
        let readme = "---\nbase_model: stabilityai/sdxl\n---\n";
        let repo = contents(RepoKind::Model, &["pytorch_lora_weights.safetensors"], &[("README.md", readme)]);
        assert_eq!(detect(&repo).unwrap().base_model, "stabilityai/sdxl");
        assert!(detect(&contents(RepoKind::Model, &["model.safetensors"], &[])).is_none());
    }
}
